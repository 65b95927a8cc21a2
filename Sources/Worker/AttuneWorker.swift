// The program `attune-worker`: takes trials from a coordinator, trains them, and hands back what they gave.
// Everything it may do is decided by the coordinator; its flags only say where that is and what this machine lends.
internal import ArgumentParser
import Foundation
internal import Logging
import Messaging
import Shared
import Training

@main
struct AttuneWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attune-worker",
    abstract: "Trains trials for a coordinator.",
    discussion: """
      `attune run` starts its workers itself; start one by hand to lend another machine or more cores to a sweep.
      It connects again by itself whenever the coordinator was away, and ends when the sweep does.
      SIGTERM gives everything back first (at most 10 s); a second one ends it at once.

      Example:
        attune-worker --connect ipc:///run/user/1000/attune/s --slots 2 --threads 4
      """,
    version: programVersion)

  @Option(help: ArgumentHelp("Where the coordinator listens: ipc://PATH or tcp://HOST:PORT.", valueName: "endpoint"))
  var connect: String

  @Option(help: ArgumentHelp("Trials trained at the same time (default: as many as threads).", valueName: "n"))
  var slots: Int?

  @Option(help: ArgumentHelp("Threads in all, shared by the slots (default: one per core).", valueName: "n"))
  var threads: Int?

  @Flag(help: "End at once when standard input does: it is a pipe from the process that started this worker.")
  var exitWithParent = false

  @Option(help: ArgumentHelp("Append the log to this file instead of standard error.", valueName: "file"))
  var log: String?

  func validate() throws {
    do throws(TransportError) { _ = try EndpointAddress(connect) } catch { throw ValidationError("\(error)") }
    // libzmq takes this for a place to listen on and refuses to connect to it.
    if connect.hasPrefix("tcp://*:") {
      throw ValidationError(
        "--connect is \"\(connect)\"; write the coordinator's host instead of *, such as tcp://127.0.0.1:7400")
    }
    try check(slots, "--slots", limit: WireLimits.slots)
    try check(threads, "--threads", limit: WireLimits.threads)
  }

  static func main() {
    do {
      var worker = try parseAsRoot()
      try worker.run()
    } catch {
      // A wrong flag is told in one line like every other mistake.
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      let line = "Error: \(message(for: error)) (see 'attune-worker --help')\n"
      FileHandle.standardError.write(Data(line.utf8))
      exit(withError: ExitCode.validationFailure)
    }
  }

  private func check(_ value: Int?, _ flag: String, limit: Int) throws {
    if let value, !(1...limit).contains(value) {
      throw ValidationError("\(flag) is \(value); write a number from 1 to \(limit)")
    }
  }

  func run() throws {
    let exit: (code: Int32, reason: String)
    do {
      exit = try serve()
    } catch {
      exit = (1, "\(error)")
    }
    if !exit.reason.isEmpty { FileHandle.standardError.write(Data("attune-worker: \(exit.reason)\n".utf8)) }
    // Slots may still train; nothing of theirs is to be cleaned up, and nobody waits for it.
    fflush(nil)
    _exit(exit.code)
  }

  /// Returns when the endpoint has been closed and what was queued has been sent.
  private func serve() throws -> (code: Int32, reason: String) {
    try requireSupportedProcessor()
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    let configuration = WorkerConfiguration(
      session: WorkerSession(rawValue: .random(in: .min ... .max)), host: ProcessInfo.processInfo.hostName,
      processID: Int(ProcessInfo.processInfo.processIdentifier),
      slots: slots ?? min(threads, WireLimits.slots), threads: threads, instructionSet: instructionSetName)
    let handler: any LogHandler
    if let log {
      handler = try LogFile(path: log)
    } else {
      handler = StreamLogHandler.standardError(label: "attune-worker")
    }
    let logger = Logger(label: "attune-worker") { _ in handler }

    let mailbox = try Mailbox()
    let signals = Signals(ignoresInterrupt: exitWithParent, reportingTo: mailbox)
    let endpoint = try WorkerEndpoint(
      try MessagingContext(), connect: try EndpointAddress(connect), session: configuration.session)
    logger.info("worker \(configuration.session) connects to \(connect), \(configuration.slots) slots")
    var loop = WorkerLoop(
      configuration, endpoint: endpoint, mailbox: mailbox, log: logger,
      parent: exitWithParent ? FileHandle.standardInput.fileDescriptor : nil)
    let exit = try withExtendedLifetime(signals) { try loop.run() }
    // Standard error gets the reason in any case.
    if log != nil { logger.info("\(exit.reason)") }
    return exit
  }
}
