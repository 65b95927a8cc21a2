// How numbers are written for people: few digits, no locale. Files for programs write the shortest form that reads back
// the same instead.
import Foundation

/// Three significant digits by default: `0.306`, `1.4`, `0.00312`, `3.1e-07`; `–` where there is no number.
func numberText(_ value: Double, digits: Int = 3) -> String {
  guard value.isFinite else { return "–" }
  let magnitude = abs(value)
  if magnitude != 0, magnitude < 1e-4 || magnitude >= 1e6 { return String(format: "%.\(max(0, digits - 1))e", value) }
  if magnitude == 0 { return "0" }
  let before = Int(floor(log10(magnitude))) + 1
  return fixedText(value, decimals: max(0, digits - before))
}

/// A fixed number of decimals: `0.065`; `–` where there is no number.
func fixedText(_ value: Double, decimals: Int) -> String {
  value.isFinite ? String(format: "%.\(decimals)f", value) : "–"
}

/// `14.7 %`
func percentText(_ share: Double) -> String {
  guard share.isFinite else { return "–" }
  return fixedText(100 * share, decimals: abs(share) < 0.1 ? 2 : 1) + " %"
}

/// Two significant digits, `0.012`; `< 0.0001` below that.
func pText(_ p: Double?) -> String {
  guard let p, p.isFinite else { return "–" }
  if p < 1e-4 { return "< 0.0001" }
  return p >= 0.995 ? "1" : numberText(p, digits: 2)
}

/// `p = 0.012`, `p < 0.0001`
func pEquation(_ p: Double?) -> String {
  let text = pText(p)
  return text.hasPrefix("<") ? "p \(text)" : "p = \(text)"
}

/// `48 s`, `2 min 31 s`, `3 h 05 min`
func durationText(seconds: Double) -> String {
  guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "–" }
  if seconds < 10 { return fixedText(seconds, decimals: 1) + " s" }
  let total = Int(seconds.rounded())
  if total < 60 { return "\(total) s" }
  if total < 3600 { return "\(total / 60) min \(total % 60) s" }
  let minutes = total / 60 % 60
  return "\(total / 3600) h \(minutes < 10 ? "0" : "")\(minutes) min"
}

/// `1 trial`, `2 trials`
func countText(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// e^x, for losses that are kept as logarithms.
func exponential(_ x: Double) -> Double { exp(x) }

/// `a`, `a and b`, `a, b and c`
func listText(_ items: [String]) -> String {
  guard let last = items.last else { return "" }
  return items.count == 1 ? last : items.dropLast().joined(separator: ", ") + " and " + last
}

/// A setting as it was written, up to six digits: `0.05`, `0.01`.
func settingText(_ value: Double) -> String { value.isFinite ? String(format: "%g", value) : "–" }

/// `95 %`
func percentLabel(_ share: Double) -> String { settingText(100 * share) + " %" }

/// The largest power of ten that is not above `value`, which is above 0.
func powerOfTen(atMost value: Double) -> Double {
  let exponent = floor(log10(value) + 1e-12)
  return exponent < 0 ? 1 / pow(10, -exponent) : pow(10, exponent)
}
