// JSON objects, one per line, written straight into bytes: a sweep of short trials logs 100,000 lines a second, for which
// an encoder that makes a text of every number takes longer than the scheduler for its decisions.
import Shared

struct JSONLines {
  private(set) var bytes: [UInt8] = []
  /// Nothing is in the present object yet.
  private var isFirst = true

  mutating func begin() {
    bytes.append(UInt8(ascii: "{"))
    isFirst = true
  }

  mutating func end() {
    bytes.append(UInt8(ascii: "}"))
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Keeps the room for the next lines.
  /// - byteCount: of whole lines.
  mutating func removeFirst(_ byteCount: Int) {
    if byteCount == bytes.count { bytes.removeAll(keepingCapacity: true) } else { bytes.removeFirst(byteCount) }
  }

  mutating func add(_ name: StaticString, _ value: String?) {
    guard let value else { return }
    addName(name)
    append(value)
  }

  mutating func add(_ name: StaticString, _ value: Int?) {
    guard let value else { return }
    addName(name)
    append(value)
  }

  /// As its description.
  mutating func add(_ name: StaticString, _ token: LeaseToken?) {
    guard let token else { return }
    addName(name)
    bytes.append(UInt8(ascii: "\""))
    append(Int(token.epoch))
    bytes.append(UInt8(ascii: "."))
    append(Int(token.counter))
    bytes.append(UInt8(ascii: "\""))
  }

  /// As its description: 16 hex digits.
  mutating func add(_ name: StaticString, _ session: WorkerSession?) {
    guard let session else { return }
    addName(name)
    bytes.append(UInt8(ascii: "\""))
    for shift in stride(from: 60, through: 0, by: -4) {
      let digit = UInt8(session.rawValue >> UInt64(shift) & 15)
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func add(_ name: StaticString, _ value: [String: Int]?) {
    guard let value else { return }
    addName(name)
    bytes.append(UInt8(ascii: "{"))
    for (index, entry) in value.sorted(by: { $0.key < $1.key }).enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      append(entry.key)
      bytes.append(UInt8(ascii: ":"))
      append(entry.value)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func addName(_ name: StaticString) {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    isFirst = false
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }

  private mutating func append(_ number: Int) {
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    let start = bytes.count
    var rest = number.magnitude
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }

  /// RFC 8259 §7: quotation mark, reverse solidus and control characters are escaped.
  private mutating func append(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case UInt8(ascii: "\n"): bytes += "\\n".utf8
      case 0..<0x20: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
