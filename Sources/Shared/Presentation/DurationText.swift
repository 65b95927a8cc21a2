// Durations and counts as people read them: two units at most, thousands apart.
// One form for the plan, the progress and the report.

/// `850 ms`, `45 s`, `1 min 12 s`, `2 h 5 min`, `3 d 4 h`; negative durations read as `0 s`.
package func durationText(_ duration: Duration) -> String {
  let (whole, attoseconds) = duration.components
  guard whole > 0 || (whole == 0 && attoseconds > 0) else { return "0 s" }
  if whole == 0 { return "\(attoseconds / 1_000_000_000_000_000) ms" }
  // Rounded to the second; saturating, as an estimate may be absurd.
  let seconds = attoseconds >= 500_000_000_000_000_000 && whole < .max ? whole + 1 : whole
  func two(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
    small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
  }
  switch seconds {
  case ..<60: return "\(seconds) s"
  case ..<3600: return two(seconds / 60, "min", seconds % 60, "s")
  case ..<86_400: return two(seconds / 3600, "h", seconds % 3600 / 60, "min")
  default: return two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h")
  }
}

/// Seconds as a duration; what no duration can hold (NaN, infinity, centuries) becomes the nearest that can.
package func duration(seconds: Double) -> Duration {
  guard seconds > 0 else { return .zero }
  return .seconds(min(seconds, 1e15))
}

/// `12`, `1,834`, `30,000`.
package func countText(_ count: Int) -> String {
  var groups: [Substring] = []
  var digits = Substring(String(count.magnitude))
  while digits.count > 3 {
    groups.append(digits.suffix(3))
    digits = digits.dropLast(3)
  }
  groups.append(digits)
  return (count < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
}

/// `1 cell`, `12 cells`.
package func countText(_ count: Int, _ unit: String) -> String {
  "\(countText(count)) \(unit)\(count == 1 ? "" : "s")"
}
