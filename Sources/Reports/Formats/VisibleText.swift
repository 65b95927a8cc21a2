// Names come from manifests and machines, and people read them in tables, sentences and pictures: what nobody can see
// is written in words, and what would fill pages is cut.
import Shared

/// `text` with every character that turns round the direction of writing, or that XML forbids, as `[U+202E]`. Letters of
/// right-to-left scripts stay as they are.
func visible(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: isInvisible) else { return text }
  var out = ""
  for scalar in text.unicodeScalars {
    if isInvisible(scalar) { out += "[U+\(codePoint(scalar))]" } else { out.unicodeScalars.append(scalar) }
  }
  return out
}

/// Marks, embeddings, overrides and isolates of UAX 9, line and paragraph separators, zero-width characters, and what is
/// no character.
private func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x061C, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF, 0xFFF9...0xFFFB: true
  case let value: value & 0xFFFE == 0xFFFE
  }
}

private func codePoint(_ scalar: Unicode.Scalar) -> String {
  let digits = String(scalar.value, radix: 16, uppercase: true)
  return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}

/// At most so many characters, the last an ellipsis where some are missing.
func shortened(_ text: String, to count: Int) -> String {
  // Long before all characters of a name are counted.
  text.utf8.count <= count || text.count <= count ? text : text.prefix(max(0, count - 1)) + "…"
}

/// Characters of a name that heads of tables show, and that sentences and labels do: a formula may stand for a name.
let shownNameLength = 80
let spokenNameLength = 160
