// `attune audit`: does a sweep's directory hold what it should?
internal import ArgumentParser
import Foundation
import Shared
import Store

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Check that a sweep's directory is complete and intact.",
    discussion: """
      Checks that planned = succeeded + failed + pruned + cancelled + pending, that no trial is stored twice, and that \
      every checkpoint is there with the bytes its name promises. Exit status 1 if anything is wrong.

      Example:
        attune audit runs/quickstart
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  @Flag(help: "Print one JSON object.")
  var json = false

  private struct Answer: Encodable {
    var planned, succeeded, failed, pruned, cancelled, pending, superseded, duplicates: Int
    var blobsChecked, blobsCollected: Int
    var problems: [String]
    var clean: Bool
  }

  func validate() throws { try requireSweepName(directory) }

  func run() throws {
    let sweep = try StoredSweep(reading: directory)
    let audit = try sweep.store.audit(sweep.plan)
    if json {
      print(
        try jsonText(
          Answer(
            planned: audit.planned, succeeded: audit.succeeded, failed: audit.failed, pruned: audit.pruned,
            cancelled: audit.cancelled, pending: audit.pending, superseded: audit.superseded,
            duplicates: audit.duplicates, blobsChecked: audit.blobsChecked, blobsCollected: audit.blobsCollected,
            problems: audit.problems, clean: audit.isClean)))
    } else {
      print(
        "\(audit.planned) planned = \(audit.succeeded) succeeded + \(audit.failed) failed + \(audit.pruned) pruned + "
          + "\(audit.cancelled) cancelled + \(audit.pending) pending")
      print("\(countText(audit.duplicates, "duplicate")), \(countText(audit.blobsChecked, "checkpoint")) checked")
      if audit.blobsCollected > 0 {
        print("\(countText(audit.blobsCollected, "checkpoint")) collected to keep to the budget; digests are kept")
      }
      if audit.superseded > 0 { print("\(countText(audit.superseded, "trial")) of an earlier edition of the manifest") }
      for problem in audit.problems { print("problem: \(problem)") }
      print(audit.isClean ? "clean" : "\(countText(audit.problems.count, "problem")) found")
    }
    if !audit.isClean { throw ExitCode(1) }
  }
}
