// The process in which `attune bench dispatch` simulates workers: this same program, started with a hidden command. It
// ends by itself when the sweep does, or when its standard input is closed; what it has seen stands on its standard output.
import Foundation
import Messaging
import Shared

final class SimulationProcess {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  init(
    address: EndpointAddress, workers: Int, first: Int, credit: Int, checkpoint: CheckpointOffer, isIdle: Bool,
    keys: String? = nil
  ) throws {
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments =
      [
        "bench", "simulate-workers", "--connect", address.description, "--workers", "\(workers)", "--first", "\(first)",
        "--credit", "\(credit)", "--checkpoint", checkpoint.digest.rawValue, "--checkpoint-bytes",
        "\(checkpoint.byteCount)",
      ] + (isIdle ? ["--idle"] : []) + (keys.map { ["--keys", $0] } ?? [])
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
  }

  var processID: pid_t { process.processIdentifier }

  /// Closes its standard input, waits for its end and returns what it has seen.
  func finish() throws -> SimulationReport {
    try input.fileHandleForWriting.close()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CommandFailure("the simulated workers ended with status \(process.terminationStatus)")
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(SimulationReport.self, from: data)
  }
}
