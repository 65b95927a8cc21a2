// The program `attune`: its commands.
internal import ArgumentParser
import Shared

@main
struct AttuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attune",
    abstract: "Finds out which attention activation suits which in-context learning task.",
    discussion: """
      A manifest names tasks, activations and what to tune. `attune run` trains them all on this machine and answers with
      a matrix: tasks by activations, the best ones per task, and how sure that is.

      Example:
        attune run sweeps/quickstart.yaml
      """,
    version: programVersion,
    subcommands: [
      RunCommand.self, PlanCommand.self, StatusCommand.self, TrialsCommand.self, ReportCommand.self,
      PromptsCommand.self, DigestCommand.self, AuditCommand.self, VerifyCommand.self, BenchCommand.self,
    ])
}
