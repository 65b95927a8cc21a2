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

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      // A wrong flag is told in one line like every other mistake: what was found, and which help says what is allowed.
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      // Its last line names the help of the command at hand.
      let help = fullMessage(for: error).split(separator: "'").dropLast().last ?? "attune --help"
      tell("Error: \(message(for: error)) (see '\(help)')")
      exit(withError: ExitCode.validationFailure)
    }
  }
}
