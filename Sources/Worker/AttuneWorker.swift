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
      It connects again by itself whenever the coordinator was away, and ends when the sweep does. What the coordinator
      has not acknowledged is kept in a spool on disk: a worker that was killed and is started again hands it over.
      SIGTERM gives everything back first (at most 10 s); a second one ends it at once.

      Examples:
        attune-worker --connect ipc:///run/user/1000/attune/s --slots 2 --threads 4
        attune-worker --connect tcp://127.0.0.1:7400 --walltime 2h --spool /var/tmp/attune-spool

      Exit status: 0 the sweep is over, or everything was given back after a signal; 75 the walltime ends and the sweep
      goes on, so start another worker; 1 refused, no contact for --patience, or another error, whose reason is the last
      line on standard error; 64 wrong usage; 130 or 143 ended at once by a second signal.
      """,
    version: programVersion)

  @Option(help: ArgumentHelp("Where the coordinator listens: ipc://PATH or tcp://HOST:PORT.", valueName: "endpoint"))
  var connect: String

  @Option(
    help: ArgumentHelp(
      "Where the coordinator's socket for checkpoints is reached, if not where it says: behind a tunnel or a proxy.",
      valueName: "endpoint"))
  var bulkConnect: String?

  @Option(help: ArgumentHelp("Trials trained at the same time (default: as many as threads).", valueName: "n"))
  var slots: Int?

  @Option(help: ArgumentHelp("Threads in all, shared by the slots (default: one per core).", valueName: "n"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "This worker's keys and the coordinator's public key, made by `attune keys new`; without them only a coordinator "
        + "on this machine lets a worker in.", valueName: "dir"))
  var keys: String?

  @Option(
    help: ArgumentHelp(
      "Where results are kept until acknowledged; one directory per worker, or none to keep them in memory only "
        + "(default: one under XDG_STATE_HOME or ~/.local/state; none with --exit-with-parent).", valueName: "dir"))
  var spool: String?

  @Option(
    help: ArgumentHelp(
      "Give everything back and leave before so much time has passed since the start: 2h, 90m, 1-12:00:00.",
      valueName: "duration"))
  var walltime: String?

  @Option(
    help: ArgumentHelp(
      "End after so long without any contact (default: 24h with a spool, otherwise 10m).", valueName: "duration"))
  var patience: String?

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
    if let bulkConnect {
      do throws(TransportError) { _ = try EndpointAddress(bulkConnect) } catch {
        throw ValidationError("--bulk-connect: \(error)")
      }
    }
    try check(slots, "--slots", limit: WireLimits.slots)
    try check(threads, "--threads", limit: WireLimits.threads)
    _ = try time(walltime, "--walltime")
    _ = try time(patience, "--patience")
    if spool == "" { throw ValidationError("--spool is empty; write a directory, or none") }
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

  private func time(_ text: String?, _ flag: String) throws -> Duration? {
    guard let text else { return nil }
    do throws(DurationError) { return try duration(from: text) } catch { throw ValidationError("\(flag): \(error)") }
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

  /// A spool that was asked for must be had; the one taken by default may be missing, with a complaint.
  private func openSpool(host: String, session: WorkerSession) throws -> (Spool?, complaint: String?) {
    if let spool { return (spool == "none" ? nil : try Spool(spool, session: session), nil) }
    // A worker of `attune run` shares its coordinator's fate.
    if exitWithParent { return (nil, nil) }
    let environment = ProcessInfo.processInfo.environment
    guard let directory = defaultSpoolDirectory(environment: environment, host: host, endpoint: connect) else {
      return (nil, "neither XDG_STATE_HOME nor HOME names a directory for a spool")
    }
    do throws(SpoolError) {
      return (try Spool.firstFree(in: directory, session: session), nil)
    } catch { return (nil, "\(error)") }
  }

  /// Returns when the endpoint has been closed and what was queued has been sent.
  private func serve() throws -> (code: Int32, reason: String) {
    try requireSupportedProcessor()
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    var configuration = WorkerConfiguration(
      session: WorkerSession(rawValue: .random(in: .min ... .max)), endpoint: try EndpointAddress(connect),
      host: ProcessInfo.processInfo.hostName,
      processID: Int(ProcessInfo.processInfo.processIdentifier),
      slots: slots ?? min(threads, WireLimits.slots), threads: threads, instructionSet: instructionSetName)
    configuration.bulkEndpoint = try bulkConnect.map { text throws(TransportError) in try EndpointAddress(text) }
    let (spool, complaint) = try openSpool(host: configuration.host, session: configuration.session)
    let kept = try spool?.load()
    configuration.keepsSpool = spool != nil
    configuration.previous = spool?.previousSession
    configuration.walltime = try time(walltime, "--walltime")
    configuration.patience = try time(patience, "--patience") ?? (spool == nil ? .seconds(600) : .seconds(24 * 3600))
    let handler: any LogHandler
    if let log {
      handler = try LogFile(path: log)
    } else {
      handler = StreamLogHandler.standardError(label: "attune-worker")
    }
    let logger = Logger(label: "attune-worker") { _ in handler }

    if let complaint { logger.warning("\(complaint); results are kept in memory only") }
    for damage in kept?.damaged ?? [] { logger.warning("\(damage.text)") }
    let mailbox = try Mailbox<WorkerEvent>()
    let signals = Signals(ignoresInterrupt: exitWithParent, reportingTo: mailbox)
    let context = try MessagingContext(), session = configuration.session
    let security: WorkerSecurity = try keys.map { .curve(try KeyDirectory($0).workerKeys()) } ?? .open
    let endpoint = try WorkerEndpoint(
      context, connect: configuration.endpoint, session: session, security: security)
    let openBulk = { (address: EndpointAddress) throws(TransportError) in
      var options = SocketOptions(for: address.transport, spread: session.rawValue)
      options.highWaterMark = SocketOptions.bulkHighWaterMark
      return try WorkerEndpoint(context, connect: address, session: session, security: security, options: options)
    }
    let place = spool.map { ", spool \($0.directory) (trials kept there: \(kept?.entries.count ?? 0))" } ?? ""
    logger.info("worker \(configuration.session) connects to \(connect), \(configuration.slots) slots\(place)")
    var loop = WorkerLoop(
      configuration, endpoint: endpoint, openBulk: openBulk, mailbox: mailbox, log: logger, spool: spool,
      spooled: kept?.entries ?? [],
      parent: exitWithParent ? FileHandle.standardInput.fileDescriptor : nil)
    let exit = try withExtendedLifetime(signals) { try loop.run() }
    if self.spool == nil { spool?.removeIfEmpty() }
    // Standard error gets the reason in any case.
    if log != nil { logger.info("\(exit.reason)") }
    return exit
  }
}
