// Durations as Slurm writes and takes them (sbatch --time, squeue %L and %M).

/// The whole seconds of a time as `sbatch --time` takes it, where a bare number is minutes; nil if it is none.
package func slurmSeconds(_ text: String) -> Int? {
  if !text.contains(":"), !text.contains("-") { return natural(text).map { $0 * 60 } }
  return clockDuration(text).map { Int($0.components.seconds) }
}

/// A number without a sign, small enough to be multiplied.
private func natural(_ text: some StringProtocol) -> Int? {
  guard !text.isEmpty, text.count <= 9, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
  return Int(text)
}

/// `days-hours[:minutes[:seconds]]`, `hours:minutes:seconds` or `minutes:seconds`.
package func clockDuration(_ text: String) -> Duration? {
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
