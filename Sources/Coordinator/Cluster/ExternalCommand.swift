// Running another program to its end: ssh, sbatch, kubectl. Nothing it prints can fill memory, and none runs for ever.
import Foundation

struct ExternalCommand {
  struct Outcome {
    var status: Int32
    var bytes: Data
    var errors: String
    var output: String { String(decoding: bytes, as: UTF8.self) }

    /// What it said was wrong, in one line.
    var complaint: String {
      let line = errors.split(whereSeparator: \.isNewline).last.map(String.init)
      return line.map { String($0.prefix(300)) } ?? "it ended with status \(status)"
    }
  }

  private static let mostOutput = 8 << 20

  var words: [String]
  /// For its standard input; nil gives it none.
  var input: FileHandle?
  var timeout: Duration = .seconds(60)

  init(_ words: [String], input: FileHandle? = nil, timeout: Duration = .seconds(60)) {
    (self.words, self.input, self.timeout) = (words, input, timeout)
  }

  /// Whether a program of this name is on the path.
  static func exists(_ name: String) -> Bool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
  }

  func run() throws(CommandFailure) -> Outcome {
    let output = try scratchFile(), errors = try scratchFile()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.standardInput = input ?? FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    do { try process.run() } catch { throw CommandFailure("\(words[0]): it cannot be started: \(error)") }
    let deadline = ContinuousClock.now + timeout
    var pause: UInt32 = 2_000
    while process.isRunning {
      if ContinuousClock.now >= deadline {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        throw CommandFailure("\(words[0]): it did not end within \(timeout.components.seconds) s")
      }
      usleep(pause)
      pause = min(pause * 2, 50_000)
    }
    let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    return Outcome(
      status: status, bytes: content(of: output), errors: String(decoding: content(of: errors), as: UTF8.self))
  }

  /// The same, where anything but success is an error.
  /// - doing: for the error: what was to be done.
  @discardableResult
  func succeed(_ doing: String) throws(CommandFailure) -> Outcome {
    let outcome = try run()
    guard outcome.status == 0 else { throw CommandFailure("\(doing): \(outcome.complaint)") }
    return outcome
  }

  private func scratchFile() throws(CommandFailure) -> FileHandle {
    let template = NSTemporaryDirectory() + "/attune-command-XXXXXX"
    var path = Array(template.utf8CString)
    let descriptor = mkstemp(&path)
    guard descriptor >= 0 else {
      throw CommandFailure("\(template): it cannot be made: \(String(cString: strerror(errno)))")
    }
    unlink(path)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  private func content(of file: FileHandle) -> Data {
    try? file.seek(toOffset: 0)
    return (try? file.read(upToCount: Self.mostOutput)) ?? Data()
  }
}
