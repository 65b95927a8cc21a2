// Manifests small enough to run in a second or two, and what they give when nothing disturbs them.
import Foundation
import Shared
import Store
import Testing

struct TinySweep: Hashable {
  var tasks = ["linear", "relu"]
  var activations = ["relu", "softmax"]
  var learningRates = ["0.01", "0.03"]
  var layers = 1
  var context = 4
  var dimension = 2
  /// Two chunks of prompts and a part of a third.
  var batch = 150
  var steps = 40
  var tuneSeeds = 1
  var reportSeeds = 6
  var checkpointEvery = 250

  /// Trials of half a second (5 µs a step), with a checkpoint every few milliseconds: time to end processes in the
  /// middle of one.
  static let long = TinySweep(
    tasks: ["linear"], activations: ["relu", "softmax"], learningRates: ["0.01"], batch: 128, steps: 120_000,
    reportSeeds: 2)
  /// As `long`, with trials that outlast a fault. What must not end before something else happens is held up by
  /// `Fleet.addStalledWorker`: a faster machine is no excuse.
  static let faulty = TinySweep(
    tasks: ["linear"], activations: ["relu", "softmax"], learningRates: ["0.01"], batch: 128, steps: 300_000,
    reportSeeds: 2, checkpointEvery: 2000)
  /// Many trials of some hundredths of a second.
  static let many = TinySweep(batch: 128, steps: 5000)

  var yaml: String {
    """
    name: tiny
    method: grid
    parameters:
      task: {values: [\(tasks.joined(separator: ", "))]}
      activation: {values: [\(activations.joined(separator: ", "))]}
      learning_rate: {values: [\(learningRates.joined(separator: ", "))]}
      layers: {value: \(layers)}
      context: {value: \(context)}
      dimension: {value: \(dimension)}
      batch: {value: \(batch)}
      steps: {value: \(steps)}
      checkpoint_every: {value: \(checkpointEvery)}
      validation_prompts: {value: 64}
      test_prompts: {value: 200}
    seeds: {tune: \(tuneSeeds), report: \(reportSeeds)}

    """
  }

  var cellCount: Int { tasks.count * activations.count }
  var trialCount: Int {
    cellCount * ((learningRates.count > 1 ? learningRates.count * tuneSeeds : 0) + 1 + reportSeeds)
  }

  /// The command that runs it in `directory`, whose manifest this writes.
  func command(in directory: TestDirectory, out: String = "out", workers: Int = 2, threads: Int = 1) throws -> [String]
  {
    try directory.write(yaml, to: "tiny.yaml")
    return ["run", "tiny.yaml", "--out", out, "--workers", "\(workers)", "--threads", "\(threads)"]
  }

  /// The digest of an undisturbed run on one thread of one worker.
  @ProcessThread var undisturbedDigest: String { get throws { try undisturbed.digest } }

  /// What an undisturbed run gives; run once per sweep.
  @ProcessThread var undisturbed: UndisturbedRun { get throws { try undisturbed(workers: 1) } }

  /// - limit: how long it may take.
  @ProcessThread func undisturbed(workers: Int, limit: Duration = .seconds(120)) throws -> UndisturbedRun {
    if let known = undisturbedRuns[self] { return known }
    let directory = try TestDirectory()
    let ended = try RunningProgram(try command(in: directory, workers: workers), in: directory).end(limit: limit)
    guard ended.exitCode == 0 else { throw HarnessError("an undisturbed run failed: \(ended.errors)") }
    let store = try SweepStore.forReading(directory.sweep().path)
    let identities = Dictionary(
      uniqueKeysWithValues: try store.trials().map { ($0.record.id, $0.record.identity) })
    var curves: [TrialIdentity: [MetricPoint]] = [:]
    for (id, curve) in try store.curves() { curves[try #require(identities[id])] = curve }
    let run = UndisturbedRun(digest: try digest(in: ended.output), curves: curves)
    undisturbedRuns[self] = run
    return run
  }
}

struct UndisturbedRun {
  var digest: String
  var curves: [TrialIdentity: [MetricPoint]]
}

/// 64 hex digits from the last line of a run, or from `attune digest`.
func digest(in output: String) throws -> String {
  let word = try #require(output.split(whereSeparator: \.isWhitespace).last)
  try #require(word.count == 64 && word.allSatisfy(\.isHexDigit), "\(word) is no digest")
  return String(word)
}

/// The runs made so far.
@ProcessThread private var undisturbedRuns: [TinySweep: UndisturbedRun] = [:]
