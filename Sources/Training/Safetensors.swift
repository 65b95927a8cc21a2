// The safetensors file format: 8 bytes of header length, a JSON header, then the tensors' bytes.
// Written canonically, so that equal contents are equal bytes; read as what it is, something from outside.
// Source: the format's specification, github.com/huggingface/safetensors.
import Foundation
import Shared

/// A file of named float32 tensors and metadata, in the order given.
package struct Safetensors: Equatable, Sendable {
  package struct Tensor: Equatable, Sendable {
    package var name: String
    package var shape: [Int]
    /// Row-major.
    package var values: [Float]
    package init(name: String, shape: [Int], values: [Float]) {
      (self.name, self.shape, self.values) = (name, shape, values)
    }
  }

  package var metadata: [String: String]
  package var tensors: [Tensor]

  package init(metadata: [String: String], tensors: [Tensor]) {
    (self.metadata, self.tensors) = (metadata, tensors)
  }

  package func tensor(_ name: String) -> Tensor? { tensors.first { $0.name == name } }

  /// Metadata sorted by key, tensors in their order, the header padded to 8 bytes with spaces.
  package var bytes: [UInt8] {
    var entries = [
      "\"__metadata__\":{"
        + metadata.sorted { $0.key < $1.key }.map { "\(jsonString($0.key)):\(jsonString($0.value))" }
        .joined(separator: ",") + "}"
    ]
    var offset = 0
    for tensor in tensors {
      let end = offset + 4 * tensor.values.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      entries.append(
        "\(jsonString(tensor.name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array(("{" + entries.joined(separator: ",") + "}").utf8)
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    var out: [UInt8] = []
    out.reserveCapacity(8 + header.count + offset)
    for shift in stride(from: 0, to: 64, by: 8) { out.append(UInt8(truncatingIfNeeded: header.count >> shift)) }
    out += header
    for tensor in tensors {
      for value in tensor.values {
        // The sign and payload of a NaN differ between processors; a file has one for all.
        let bits = value.isNaN ? 0x7FC0_0000 : value.bitPattern
        for shift in stride(from: 0, to: 32, by: 8) { out.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift))) }
      }
    }
    return out
  }

  package init(bytes: [UInt8]) throws(TrainingError) {
    func bad(_ found: String) -> TrainingError { .badCheckpoint(found: found) }
    guard bytes.count >= 8 else { throw bad("\(bytes.count) bytes are no safetensors file") }
    var length: UInt64 = 0
    for i in 0..<8 { length |= UInt64(bytes[i]) << UInt64(8 * i) }
    guard length <= 100_000_000, length <= UInt64(bytes.count - 8) else {
      throw bad("its header claims \(length) bytes of \(bytes.count)")
    }
    let start = 8 + Int(length)
    guard let json = try? JSONSerialization.jsonObject(with: Data(bytes[8..<start])) as? [String: Any] else {
      throw bad("its header is not a JSON object")
    }
    metadata = json["__metadata__"] as? [String: String] ?? [:]
    var found: [(start: Int, end: Int, name: String, shape: [Int])] = []
    for (name, entry) in json where name != "__metadata__" {
      guard let entry = entry as? [String: Any], entry["dtype"] as? String == "F32",
        let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int], offsets.count == 2,
        offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= bytes.count - start
      else { throw bad("tensor \(name.prefix(80)) is not a float32 tensor within the file") }
      var count = 1
      for size in shape {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        guard size >= 0, !overflow else { throw bad("tensor \(name.prefix(80)) has an impossible shape") }
        count = product
      }
      guard count.multipliedReportingOverflow(by: 4) == (offsets[1] - offsets[0], false) else {
        throw bad("tensor \(name.prefix(80)) has \(offsets[1] - offsets[0]) bytes for shape \(shape)")
      }
      found.append((offsets[0], offsets[1], name, shape))
    }
    found.sort { ($0.start, $0.end, $0.name) < ($1.start, $1.end, $1.name) }
    // As the format demands; and a small header must not name the same megabytes thousands of times.
    var end = 0
    for entry in found {
      guard entry.start == end else { throw bad("its tensors overlap or leave gaps") }
      end = entry.end
    }
    guard end == bytes.count - start else { throw bad("its tensors overlap or leave gaps") }
    tensors = found.map { entry in
      let values = stride(from: start + entry.start, to: start + entry.end, by: 4).map { at in
        let low = UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8
        return Float(bitPattern: low | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24)
      }
      return Tensor(name: entry.name, shape: entry.shape, values: values)
    }
  }
}
