// Durations as people write them on a command line: one or more numbers with a unit, such as `30s` or `1h30min`.

/// The shortest part that can be said is a millisecond. Nil for anything else, such as a number without a unit.
package func parseDuration(_ text: String) -> Duration? {
  let units: [String: Int64] = [
    "ms": 1, "s": 1000, "sec": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000,
  ]
  var rest = text.filter { $0 != " " }[...]
  guard !rest.isEmpty else { return nil }
  var milliseconds: Int64 = 0
  while !rest.isEmpty {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    rest = rest.dropFirst(digits.count)
    let word = rest.prefix { $0.isLetter }
    rest = rest.dropFirst(word.count)
    guard let count = Int64(digits), let unit = units[String(word)] else { return nil }
    let (part, tooLong) = count.multipliedReportingOverflow(by: unit)
    let (sum, tooMuch) = milliseconds.addingReportingOverflow(part)
    guard !tooLong, !tooMuch else { return nil }
    milliseconds = sum
  }
  return .milliseconds(milliseconds)
}
