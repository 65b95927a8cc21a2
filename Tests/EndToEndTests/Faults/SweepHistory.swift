// The check after every fault: each planned trial ended exactly once, tokens only grew, every acknowledged byte is there,
// and the results are those of an undisturbed run, bit for bit, with their learning curves.
import Foundation
import Shared
import Store
import Testing

@ProcessThread struct SweepHistory {
  private let out: StoredDirectory
  private let sweep: TinySweep

  init(_ out: StoredDirectory, _ sweep: TinySweep) { (self.out, self.sweep) = (out, sweep) }

  /// Everything that is not as it should be, in words.
  /// - expectsFailures: some trials ended without a result on purpose; the others are compared.
  func problems(expectsFailures: Bool = false) throws -> [String] {
    var problems: [String] = []
    let name = (out.path as NSString).lastPathComponent
    let parent = (out.path as NSString).deletingLastPathComponent
    let audit = try RunningProgram(["audit", out.path], in: out.parent).end()
    if audit.exitCode != 0 || audit.outputLines.last != "clean" {
      problems.append("attune audit \(parent)/\(name): \(audit.output) \(audit.errors)")
    }
    let undisturbed = try sweep.undisturbed
    if !expectsFailures {
      let shown = try RunningProgram(["digest", out.path], in: out.parent).end()
      let found = try digest(in: shown.output)
      if found != undisturbed.digest { problems.append("the digest is \(found), undisturbed \(undisturbed.digest)") }
    }
    let store = try SweepStore.forReading(out.path)
    let trials = try store.trials(), curves = try store.curves()
    if trials.count != sweep.trialCount { problems.append("\(trials.count) trials instead of \(sweep.trialCount)") }
    for trial in trials {
      let record = trial.record
      if !record.state.isTerminal || (!expectsFailures && record.state != .succeeded) {
        problems.append("trial \(record.id) is \(record.state.rawValue)")
      }
      if record.state == .succeeded, curves[record.id] ?? [] != undisturbed.curves[record.identity] ?? [] {
        problems.append("trial \(record.id) has another learning curve than undisturbed")
      }
      problems += try attemptProblems(of: trial, in: store)
    }
    return problems + logProblems()
  }

  /// Attempts of a trial: tokens strictly grow, as many as were granted, and only the last one may have given a result.
  private func attemptProblems(of trial: StoredTrial, in store: SweepStore) throws -> [String] {
    var problems: [String] = []
    let attempts = try store.attempts(of: trial.record.id)
    let tokens = attempts.map(\.token)
    if !zip(tokens, tokens.dropFirst()).allSatisfy({ $0 < $1 }) {
      problems.append("trial \(trial.record.id): tokens \(tokens)")
    }
    if attempts.dropLast().contains(where: { $0.reason == "succeeded" }) {
      problems.append("trial \(trial.record.id) succeeded before its last attempt")
    }
    if trial.record.state == .succeeded, let token = trial.token, tokens.last != token {
      problems.append("trial \(trial.record.id) succeeded under \(token), its last attempt has \(tokens.last as Any)")
    }
    return problems
  }

  /// The log may lack lines of a coordinator that was killed, but what it tells is in order and told once.
  private func logProblems() -> [String] {
    var problems: [String] = []
    var granted: [Int64: [Int64]] = [:]
    var ended: Set<Int64> = []
    for line in out.log() {
      if line.event == "alarm" { problems.append("alarm: \(line.reason ?? "")") }
      guard let trial = line.trial else { continue }
      if line.event == "granted", let text = line.token {
        let token = text.split(separator: ".").compactMap { Int64($0) }
        if let before = granted[trial], !before.lexicographicallyPrecedes(token) {
          problems.append("trial \(trial) was granted under \(token) after \(before)")
        }
        if ended.contains(trial) { problems.append("trial \(trial) was granted after its end") }
        granted[trial] = token
      }
      if line.event == "ended", !ended.insert(trial).inserted { problems.append("trial \(trial) ended twice") }
    }
    return problems
  }
}
