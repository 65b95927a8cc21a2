// `attune digest`: 64 hex digits that equal sweeps share.
internal import ArgumentParser
import Foundation

struct DigestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "digest",
    abstract: "Print 64 hex digits over every result of a sweep.",
    discussion: """
      The digest covers every ended trial's identity, the bits of its final losses and its checkpoint's digest, in a \
      canonical order. Two runs of one manifest have the same digest, whatever machines, workers, threads and \
      interruptions they had.

      Example:
        attune digest runs/quickstart
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  func validate() throws { try requireSweepName(directory) }

  func run() throws {
    let sweep = try StoredSweep(reading: directory)
    if sweep.endedCount < sweep.plannedCount {
      tell("attune: \(sweep.endedCount) of \(sweep.plannedCount) trials have ended; the digest covers those")
    }
    print(sweep.digest)
  }
}
