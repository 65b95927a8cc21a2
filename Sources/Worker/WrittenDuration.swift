// Durations as people and schedulers write them: 90m, 36h, 1h30m, and Slurm's 1-12:00:00 (sbatch --time, squeue %L).
import Shared

/// A text that is no duration.
package struct DurationError: Error, Equatable, CustomStringConvertible {
  package let description: String
  package init(description: String) { self.description = description }
}

/// Reads a duration from a second to ten years.
package func duration(from text: String) throws(DurationError) -> Duration {
  let refusal = DurationError(
    description: "\"\(text.prefix(60))\" is no duration; write 90m, 2h, 1h30m, 3d or, as Slurm does, 1-12:00:00")
  // Slurm reads a bare number as minutes, most other programs as seconds.
  if let number = Int(text), number > 0 {
    throw DurationError(description: "\"\(text.prefix(60))\" has no unit; write \(number)m or \(number)s")
  }
  guard let duration = text.contains("-") || text.contains(":") ? clockDuration(text) : parseDuration(text),
    duration >= .seconds(1), duration <= .seconds(10 * 366 * 86_400)
  else { throw refusal }
  return duration
}

/// A number without a sign, small enough to be multiplied.
private func natural(_ text: some StringProtocol) -> Int? {
  guard !text.isEmpty, text.count <= 9, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
  return Int(text)
}

/// `days-hours[:minutes[:seconds]]`, `hours:minutes:seconds` or `minutes:seconds`.
private func clockDuration(_ text: String) -> Duration? {
  let halves = text.split(separator: "-", omittingEmptySubsequences: false)
  guard halves.count <= 2, let clock = halves.last else { return nil }
  let fields = clock.split(separator: ":", omittingEmptySubsequences: false).map { natural($0) }
  guard !fields.contains(nil) else { return nil }
  let numbers = fields.compactMap { $0 }
  if halves.count == 2 {
    guard let days = natural(halves[0]), numbers.count <= 3 else { return nil }
    let padded = numbers + [0, 0]
    return .seconds(days * 86_400 + padded[0] * 3600 + padded[1] * 60 + padded[2])
  }
  switch numbers.count {
  case 2: return .seconds(numbers[0] * 60 + numbers[1])
  case 3: return .seconds(numbers[0] * 3600 + numbers[1] * 60 + numbers[2])
  default: return nil
  }
}
