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
      RunCommand.self, ServeCommand.self, ClusterCommand.self, PlanCommand.self, StatusCommand.self, TrialsCommand.self,
      ExplainCommand.self, ReportCommand.self, CompareCommand.self, ExportCommand.self, DashboardCommand.self,
      PromptsCommand.self, DigestCommand.self, AuditCommand.self,
      TheoryCommand.self, EvaluateCommand.self, VerifyCommand.self, BenchCommand.self, KeysCommand.self,
    ])

  static func main() {
    occupyStandardStreams()
    let code = status(of: {
      var command = try parseAsRoot()
      try command.run()
    })
    // What programs read must have arrived: an answer cut short by a full disk is a failure.
    let flushed = status(of: flushOutput)
    exit(withError: code == .success ? flushed : code)
  }

  /// Does `work` and tells what went wrong.
  private static func status(of work: () throws -> Void) -> ExitCode {
    do {
      try work()
      return .success
    } catch {
      let code = exitCode(for: error)
      switch code {
      // Help or the version was asked for.
      case .success: print(fullMessage(for: error))
      // A wrong flag is told in one line like every other mistake: what was found, and which help says what is allowed.
      case .validationFailure:
        // Its last line names the help of the command at hand.
        let help = fullMessage(for: error).split(separator: "'").dropLast().last ?? "attune --help"
        tell("Error: \(message(for: error)) (see '\(help)')")
      default:
        let text = fullMessage(for: error)
        if !text.isEmpty { tell(text) }
      }
      return code
    }
  }
}
