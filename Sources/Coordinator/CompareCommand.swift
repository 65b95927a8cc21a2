// `attune compare`: what changed from one sweep to another, cell by cell.
internal import ArgumentParser
import Reports
import Shared

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Say what changed from one sweep to another, cell by cell.",
    discussion: """
      Cells are matched by the values of their axes, losses by seed: both sweeps train the same seeds, so a change is tested
      pair by pair. Says which cells are the same to the bit, which parameters the selected configurations differ in, and
      whether a best set changed.

      Example:
        attune compare runs/before runs/after
      """)

  @Argument(help: "The sweep's directory before.", completion: .directory)
  var first: String
  @Argument(help: "The sweep's directory after.", completion: .directory)
  var second: String
  @Flag(help: "Print one JSON document.")
  var json = false

  func validate() throws { for directory in [first, second] { try requireSweepName(directory) } }

  func run() throws {
    let directories = [first, second].map(normalizedDirectory)
    let matrices = try directories.map { SweepMatrix(results: try StoredSweep(reading: $0).results()) }
    let comparison = SweepComparison(matrices[0], matrices[1], names: directories)
    if json {
      print(comparisonJSON(comparison), terminator: "")
      return
    }
    let text = comparisonText(comparison)
    print(table(text.rows))
    print("")
    for sentence in text.sentences { print(sentence) }
  }
}
