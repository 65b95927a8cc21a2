// Names for files made of texts that may hold anything, such as those of a manifest.

/// Lower-case ASCII letters and digits with hyphens between, at most `limit` of them; empty where the text has none.
package func fileNameWord(_ text: String, limit: Int = 48) -> String {
  var out: [UInt8] = []
  let hyphen = UInt8(ascii: "-")
  for byte in text.utf8.prefix(8 * limit) {
    let lower = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lower)
    if isLetter || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(lower) {
      out.append(lower)
    } else if let last = out.last, last != hyphen {
      out.append(hyphen)
    }
    if out.count >= limit { break }
  }
  if out.last == hyphen { out.removeLast() }
  return String(decoding: out, as: UTF8.self)
}

/// Gives no name twice: of texts that become the same name the later ones get a number.
package struct FileNames: Sendable {
  private var taken: Set<String> = []
  package init() {}

  /// The words of `parts` joined by `separator`.
  package mutating func name(_ parts: [String], separator: String = "-") -> String {
    let words = parts.map { fileNameWord($0) }.filter { !$0.isEmpty }
    let base = words.isEmpty ? "unnamed" : words.joined(separator: separator)
    var name = base
    var number = 2
    while !taken.insert(name).inserted {
      name = "\(base)-\(number)"
      number += 1
    }
    return name
  }
}
