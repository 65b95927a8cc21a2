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
    uploadBytes: Int = 0, keys: String? = nil
  ) throws {
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments =
      [
        "bench", "simulate-workers", "--connect", address.description, "--workers", "\(workers)", "--first", "\(first)",
        "--credit", "\(credit)", "--checkpoint", checkpoint.digest.rawValue, "--checkpoint-bytes",
        "\(checkpoint.byteCount)", "--upload-bytes", "\(uploadBytes)",
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

/// What a process of simulated workers has seen, one JSON object on its standard output.
struct SimulationReport: Codable {
  var workers = 0
  var welcomed = 0
  var results = 0
  var acknowledged = 0
  var fenced = 0
  var refused = 0
  /// From a result's sending to its acknowledgement's arrival, microseconds: quantile by percent.
  var latencies: [Double] = []
  var userSeconds = 0.0
  var systemSeconds = 0.0
  /// Wall clock at which the last worker was welcomed, seconds since 1970.
  var lastWelcome = 0.0
  /// From a heartbeat's sending to its answer's arrival, microseconds: quantile by percent.
  var heartbeatLatencies: [Double] = []
  /// Checkpoints that were stored after their bytes had travelled.
  var uploads = 0
}

/// Checkpoints that a simulated worker hands over, each with bytes of its own.
struct Uploads {
  private var blobs: [BlobDigest: [UInt8]] = [:]

  mutating func begin(_ trial: TrialID, byteCount: Int) -> CheckpointOffer {
    var bytes = [UInt8](repeating: 0x5a, count: byteCount)
    for (index, byte) in String(trial.rawValue).utf8.enumerated().prefix(byteCount) { bytes[index] = byte }
    let digest = BlobDigest(of: bytes)
    blobs[digest] = bytes
    return CheckpointOffer(digest: digest, byteCount: byteCount, step: 0)
  }

  func chunk(_ digest: BlobDigest, offset: Int) -> BlobChunk? {
    guard let bytes = blobs[digest], offset < bytes.count else { return nil }
    let end = min(bytes.count, offset + BlobChunk.maximumChunkBytes)
    return BlobChunk(digest: digest, offset: offset, byteCount: bytes.count, bytes: Array(bytes[offset..<end]))
  }

  mutating func end(_ digest: BlobDigest) -> Bool { blobs.removeValue(forKey: digest) != nil }
}
