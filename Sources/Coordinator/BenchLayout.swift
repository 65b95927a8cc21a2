// The sweep that a measurement of the coordinator runs, laid out by a process of its own: the measured one then starts as
// any coordinator that goes on with a sweep, and its memory is what that takes.
internal import ArgumentParser
import Foundation
import Scheduling
import Shared
import Store

struct BenchLayout: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lay-out", abstract: "The sweep of `attune bench dispatch`.", shouldDisplay: false)

  @Option var trials: Int
  @Option var directory: String

  func run() throws {
    let offer = try prepareBench(benchPlan(trials: trials), in: directory)
    print(offer.digest.rawValue, offer.byteCount)
  }
}

/// Returns the checkpoint that is stored for every tuning trial.
func layOutBench(trials: Int, in directory: String) throws -> CheckpointOffer {
  let process = Process(), output = Pipe()
  process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
  process.arguments = ["bench", "lay-out", "--trials", "\(trials)", "--directory", directory]
  process.standardOutput = output
  try process.run()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  let words = text.split(whereSeparator: \.isWhitespace)
  guard process.terminationStatus == 0, words.count == 2, let digest = BlobDigest(rawValue: String(words[0])),
    let byteCount = Int(words[1])
  else { throw CommandFailure("\(directory): the sweep to be measured could not be laid out there") }
  return CheckpointOffer(digest: digest, byteCount: byteCount, step: 1)
}

/// Lays the sweep out in its directory, with a stored checkpoint for every tuning trial, so that a result can name it.
private func prepareBench(_ plan: SweepPlan, in directory: String) throws -> CheckpointOffer {
  let store = try SweepStore.forRunning(plan, in: directory)
  let bytes = Array("a checkpoint that every simulated trial names".utf8)
  let offer = CheckpointOffer(digest: try store.blobs.publish(bytes), byteCount: bytes.count, step: 1)
  var scheduler = SweepScheduler(plan: plan, epoch: store.epoch)
  var changes: [SweepChange] = []
  for command in scheduler.start(with: [], holdLeases: nil, at: MonotonicInstant(nanoseconds: 0)) {
    if case .persist(let change) = command { changes.append(change) }
  }
  try store.commit(changes)
  try store.commit(scheduler.knownTrials.map { .checkpoint($0, offer) })
  try store.close()
  return offer
}
