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
