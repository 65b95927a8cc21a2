// Sizes as people write them in a manifest, such as `10 GiB`: a number and a unit, never one without the other.

package enum ByteSize {
  /// Powers of 1000 and of 1024, as IEC 80000-13 names them.
  static let units: [(name: String, bytes: Int)] = [
    ("B", 1), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
  ]

  /// - Throws: what to write instead.
  package static func bytes(in text: String) throws(ByteSizeError) -> Int {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = String(text[number.endIndex...].drop { $0 == " " })
    let names = units.map(\.name)
    guard !number.isEmpty, let value = Double(number) else {
      throw ByteSizeError(remedy: "write a number and a unit, such as 10 GiB")
    }
    guard let bytes = units.first(where: { $0.name == unit })?.bytes else {
      // A wrong case is the usual slip, and 1024 the usual meaning of GB's relatives.
      let near = names.first { $0.lowercased() == unit.lowercased() } ?? nearest(to: unit, among: names)
      let hint = unit.isEmpty ? "" : near.map { " (did you mean \($0)?)" } ?? ""
      throw ByteSizeError(remedy: "write a unit of \(names.joined(separator: ", ")) after the number\(hint)")
    }
    let product = (value * Double(bytes)).rounded(.down)
    guard product < 0x1p62 else { throw ByteSizeError(remedy: "write a size below 4,194,304 TiB") }
    return Int(product)
  }

  /// `10 GiB`, `1.5 MB`, `512 B`: the largest unit that leaves a whole number, or one digit after the point.
  package static func text(_ bytes: Int) -> String {
    for unit in units.reversed() where unit.bytes > 1 && bytes >= unit.bytes && bytes % unit.bytes == 0 {
      return "\(countText(bytes / unit.bytes)) \(unit.name)"
    }
    for unit in units.reversed() where unit.name.contains("i") && bytes >= unit.bytes {
      let tenths = bytes / (unit.bytes / 10)
      return "\(countText(tenths / 10)).\(tenths % 10) \(unit.name)"
    }
    return "\(countText(bytes)) B"
  }
}

package struct ByteSizeError: Error, Equatable {
  /// What to write instead.
  package let remedy: String
  package init(remedy: String) { self.remedy = remedy }
}
