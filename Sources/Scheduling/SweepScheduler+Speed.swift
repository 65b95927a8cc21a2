// Machines of different speed: long trials go to fast slots, short ones to slow ones, so that no slow slot is still at a long
// trial when all others have nothing left. What is fast is measured by the trials themselves, shape by shape: a figure that
// a worker announced would say less, and of another program.
// Source of the rule: longest processing time first on uniform machines, Gonzalez, Ibarra & Sahni 1977.
import Shared

/// Seconds per step as the cost of a trial's shape over the speed of its worker; both are learned together, since workers
/// rarely train the same shapes at first. Costs and speeds are known up to a common factor, which nothing depends on.
/// Stages and gangs are taken together: they change costs by less than machines and shapes differ.
struct SpeedModel {
  /// Of what is new in an estimate.
  private static let weight = 0.3
  private var costs: [TrialShape: Double] = [:]

  /// The worker's speed after `steps` steps in `seconds`, 1 being that of the first worker.
  mutating func learn(_ record: TrialRecord, steps: Int, seconds: Double, by speed: Double?) -> Double {
    let shape = TrialShape(record, stage: .tuning), perStep = seconds / Double(max(1, steps))
    guard let cost = costs[shape] else {
      costs[shape] = perStep * (speed ?? 1)
      return speed ?? 1
    }
    let found = min(1000, max(0.001, cost / perStep))
    let next = speed.map { $0 + Self.weight * (found - $0) } ?? found
    costs[shape] = cost + Self.weight * (perStep * next - cost)
    return next
  }

  /// Of one step, on a worker of speed 1; nil where no trial of the shape has ended.
  func cost(of record: TrialRecord) -> Double? { costs[TrialShape(record, stage: .tuning)] }
}

enum LengthPreference { case longest, shortest }

/// Differences below this are noise.
private let clearRatio = 1.25

/// What a worker of this speed should take first; nil where all are about equally fast.
/// - slowest, fastest: of the workers present.
func lengthPreference(of speed: Double?, slowest: Double, fastest: Double) -> LengthPreference? {
  guard let speed, fastest >= clearRatio * slowest else { return nil }
  // The geometric mean parts fast from slow.
  return speed * speed >= slowest * fastest ? .longest : .shortest
}

extension SweepScheduler {
  /// Trials below this wait in no order of length: they are over before it matters.
  private static let shortTrial = 0.25

  mutating func learnSpeed(of session: WorkerSession, from index: Int, _ result: TrialResult) {
    // An attempt that went on from a checkpoint took some of the trial's time only.
    guard result.seconds >= Self.shortTrial, result.seconds.isFinite, trials[index].grantedStep == 0,
      result.outcome != .diverged
    else { return }
    let speed = speedModel.learn(
      trials[index].record, steps: result.steps, seconds: result.seconds, by: workers[session]?.speed)
    workers[session]?.speed = speed
    // All workers are only looked through when one has changed.
    let counted = workers[session]?.countedSpeed ?? 0
    guard abs(speed - counted) > 0.1 * counted else { return }
    workers[session]?.countedSpeed = speed
    let present = workers.values.lazy.filter { !$0.isSilent }.compactMap(\.countedSpeed)
    speeds = present.min().flatMap { slowest in present.max().map { (slowest, $0) } }
  }

  func lengthPreference(of session: WorkerSession) -> LengthPreference? {
    guard let speeds, let speed = workers[session]?.countedSpeed else { return nil }
    return Scheduling.lengthPreference(of: speed, slowest: speeds.slowest, fastest: speeds.fastest)
  }

  /// Of these trials the one to begin with; the first where nothing is known of any.
  func preferred(_ indices: [Int], by preference: LengthPreference) -> Int? {
    let known = indices.compactMap { index -> (index: Int, cost: Double)? in
      guard let perStep = speedModel.cost(of: trials[index].record) else { return nil }
      let steps = (trials[index].until ?? trials[index].record.plannedSteps) - (trials[index].checkpoint?.step ?? 0)
      return (index, perStep * Double(steps))
    }
    // Of equals the first in the queue.
    let best: (index: Int, cost: Double)?
    switch preference {
    case .longest: best = known.reduce(nil) { best, next in best.map { $0.cost >= next.cost ? $0 : next } ?? next }
    case .shortest: best = known.reduce(nil) { best, next in best.map { $0.cost <= next.cost ? $0 : next } ?? next }
    }
    return best?.index ?? indices.first
  }
}
