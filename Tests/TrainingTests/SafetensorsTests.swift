// The checkpoint file format: equal contents are equal bytes, other programs' files are read, and bytes from outside are
// refused in words, never with a trap.
import Foundation
import Shared
import Testing
import Training

@Suite struct SafetensorsTests {
  private let example = Safetensors(
    metadata: ["step": "7", "a \"quoted\" key": "ü\n"],
    tensors: [
      .init(name: "layers.0.heads.0.A", shape: [2, 2], values: [1, -2, .infinity, 3.5]),
      .init(name: "layers.0.heads.0.r", shape: [1], values: [-0.0]),
      .init(name: "empty", shape: [0, 3], values: []), .init(name: "scalar", shape: [], values: [42]),
    ])

  /// A file with the given header and `count` zero bytes after it.
  private func file(_ header: String, zeros count: Int, length: UInt64? = nil) -> [UInt8] {
    let text = Array(header.utf8)
    let length = length ?? UInt64(text.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) } + text
      + [UInt8](repeating: 0, count: count)
  }

  private func refusal(_ bytes: [UInt8]) -> String? {
    do {
      _ = try Safetensors(bytes: bytes)
      return nil
    } catch {
      guard case .badCheckpoint(let found) = error else { return "\(error)" }
      return found
    }
  }

  @Test func `what is written is read back, and the bytes are pinned`() throws {
    let bytes = example.bytes
    #expect(try Safetensors(bytes: bytes) == example)
    // Six floats at the end, the header padded to whole eights.
    #expect((bytes.count - 24) % 8 == 0)
    let header = String(decoding: bytes[8..<bytes.count - 24], as: UTF8.self)
    let expected = """
      {"__metadata__":{"a \\"quoted\\" key":"ü\\n","step":"7"},\
      "layers.0.heads.0.A":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},\
      "layers.0.heads.0.r":{"dtype":"F32","shape":[1],"data_offsets":[16,20]},\
      "empty":{"dtype":"F32","shape":[0,3],"data_offsets":[20,20]},\
      "scalar":{"dtype":"F32","shape":[],"data_offsets":[20,24]}}
      """
    #expect(header.trimmingCharacters(in: .whitespaces) == expected)
    #expect(Array(bytes[(bytes.count - 24)...].prefix(8)) == [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
  }

  @Test func `numbers that are none have one pattern, whatever made them`() throws {
    let made = [0x7FC0_0000, 0xFFC0_0000, 0x7FC0_1234, 0xFF80_0001].map { Float(bitPattern: $0) }
    let file = Safetensors(metadata: [:], tensors: [.init(name: "a", shape: [4], values: made)])
    let read = try #require(try Safetensors(bytes: file.bytes).tensor("a")).values
    #expect(read.map(\.bitPattern) == [UInt32](repeating: 0x7FC0_0000, count: 4))
  }

  @Test func `a file cut short anywhere is refused`() {
    let bytes = example.bytes
    for count in 0..<bytes.count { #expect(refusal(Array(bytes[..<count])) != nil, "\(count) bytes") }
    #expect(refusal(bytes + [0]) != nil)
  }

  @Test func `a changed byte of the header is refused or read, never a trap`() {
    let bytes = example.bytes
    for i in 0..<bytes.count - 24 {
      for value in [UInt8(0), 0x22, 0x2D, 0x39, 0x7D, 0xFF] {
        var changed = bytes
        changed[i] = value
        _ = refusal(changed)
      }
    }
  }

  @Test func `headers that lie are refused in words`() {
    func tensor(_ text: String, zeros: Int = 8) -> String? { refusal(file("{\"a\":\(text)}", zeros: zeros)) }
    let outside = "tensor a is not a float32 tensor within the file"
    #expect(refusal([]) == "0 bytes are no safetensors file")
    #expect(refusal(file("{}", zeros: 0, length: .max)) == "its header claims 18446744073709551615 bytes of 10")
    #expect(refusal(file("{}", zeros: 0, length: 3)) == "its header claims 3 bytes of 10")
    #expect(refusal(file("[]", zeros: 0)) == "its header is not a JSON object")
    #expect(refusal(file("{\"a\":", zeros: 0)) == "its header is not a JSON object")
    #expect(refusal(file(String(repeating: "[", count: 100_000), zeros: 0)) == "its header is not a JSON object")
    #expect(tensor("7") == outside)
    #expect(tensor(#"{"dtype":"F64","shape":[1],"data_offsets":[0,8]}"#) == outside)
    #expect(tensor(#"{"dtype":"F32","shape":[2]}"#) == outside)
    #expect(tensor(#"{"dtype":"F32","shape":[2],"data_offsets":[0]}"#) == outside)
    #expect(tensor(#"{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}"#) == outside)
    #expect(tensor(#"{"dtype":"F32","shape":[2],"data_offsets":[8,0]}"#) == outside)
    #expect(tensor(#"{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}"#) == outside)
    #expect(tensor(#"{"dtype":"F32","shape":[2],"data_offsets":[0,1e30]}"#) == outside)
    #expect(tensor(#"{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}"#) == outside)
    #expect(tensor(#"{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}"#) == outside)
    #expect(tensor(#"{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}"#) == "its header is not a JSON object")
    #expect(
      tensor(#"{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}"#) == "tensor a has an impossible shape")
    #expect(
      tensor(#"{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}"#)
        == "tensor a has an impossible shape")
    #expect(
      tensor(#"{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]}"#)
        == "tensor a has 8 bytes for shape [4611686018427387904]")
    #expect(tensor(#"{"dtype":"F32","shape":[3],"data_offsets":[0,8]}"#) == "tensor a has 8 bytes for shape [3]")
  }

  /// A small header could otherwise name the same megabytes thousands of times.
  @Test func `tensors that overlap or leave gaps are refused`() {
    func two(_ a: String, _ b: String, zeros: Int) -> String? {
      refusal(
        file(
          #"{"a":{"dtype":"F32","shape":[2],"data_offsets":\#(a)},"b":{"dtype":"F32","shape":[2],"data_offsets":\#(b)}}"#,
          zeros: zeros))
    }
    #expect(two("[0,8]", "[8,16]", zeros: 16) == nil)
    #expect(two("[8,16]", "[0,8]", zeros: 16) == nil)
    let refused = "its tensors overlap or leave gaps"
    #expect(two("[0,8]", "[0,8]", zeros: 8) == refused)
    #expect(two("[0,8]", "[4,12]", zeros: 12) == refused)
    #expect(two("[0,8]", "[12,20]", zeros: 20) == refused)
    #expect(two("[0,8]", "[8,16]", zeros: 20) == refused)
    #expect(refusal(file("{}", zeros: 4)) == refused)
    #expect(refusal(file("{}", zeros: 0)) == nil)
  }
}
