// Workers whose time is limited: which trials are worth beginning before a walltime ends.
// Lengths come from trials of like shape that have ended; a shape nobody has ended yet has none.
import Shared

/// Trials that take about the same time per step.
struct TrialShape: Hashable {
  let task: TaskKernel
  let heads: Heads
  let layers: Int
  let context: Int
  let dimension: Int
  let batch: Int
  let stage: TrialStage

  /// - stage: instead of the trial's own.
  init(_ record: TrialRecord, stage: TrialStage? = nil) {
    let parameters = record.parameters
    (task, heads, layers, self.stage) = (parameters.task, parameters.heads, parameters.layers, stage ?? record.stage)
    (context, dimension, batch) = (parameters.context, parameters.dimension, parameters.batch)
  }
}

/// Seconds per optimiser step by shape, evaluations and tests included.
struct TrialLengths {
  /// Seconds of one thread; a trial that got several is taken to have used them all, which errs to the long side for
  /// whoever gets fewer.
  private var alone: [TrialShape: Double] = [:]
  /// The same of trials that had others draw batches with them.
  private var besideOthers: [TrialShape: Double] = [:]

  /// - seconds: of an attempt that took all its `steps` itself, with `threads`.
  mutating func learn(_ shape: TrialShape, steps: Int, seconds: Double, threads: Int, besideOthers: Bool) {
    guard steps > 0, seconds > 0, seconds.isFinite else { return }
    let found = seconds / Double(steps) * Double(max(1, threads))
    // Falls slowly and rises at once: an estimate that is too long costs an early end, one too short a lost tail.
    let known = besideOthers ? self.besideOthers[shape] : alone[shape]
    let next = max(found, 0.9 * (known ?? 0) + 0.1 * found)
    if besideOthers { self.besideOthers[shape] = next } else { alone[shape] = next }
  }

  /// - threads: more of them are not counted on to be faster than those that were measured.
  func length(of shape: TrialShape, steps: Int, threads: Int, besideOthers: Bool = false) -> Duration? {
    let shared = self.besideOthers[shape]
    // Drawing is taken to be at most half of what a trial alone does.
    guard let perStep = besideOthers ? shared ?? alone[shape] : alone[shape] ?? shared.map({ 2 * $0 }) else {
      return nil
    }
    return .seconds(min(1e9, perStep * Double(max(0, steps)) / Double(max(1, threads))))
  }
}

/// Whether a trial of this length should begin on a worker with so much time left.
/// - remaining: until the worker begins to give everything back; nil for a worker without a limit.
/// - whole: the most the worker ever had. A trial that no fresh worker of its kind could end is run in parts, from
///   checkpoint to checkpoint, where a tenth of that time or a minute is left; otherwise it would wait for ever.
package func fitsWalltime(length: Duration?, remaining: Duration?, whole: Duration?) -> Bool {
  guard let remaining else { return true }
  guard remaining > .zero else { return false }
  guard let length else { return true }
  if length <= remaining { return true }
  guard let whole, length > whole else { return false }
  return remaining >= min(whole / 10, .seconds(60))
}

extension SweepScheduler {
  /// So many trials at the head of the queue are looked through for one that fits.
  private static let mostPassedOver = 64

  /// Takes note of what a worker says of its time.
  mutating func note(remaining: Duration?, of session: WorkerSession, at now: MonotonicInstant) {
    workers[session]?.gone = remaining.map { now + $0 }
    if let remaining {
      let most = workers[session]?.wholeTime ?? .zero
      workers[session]?.wholeTime = max(most, remaining)
    }
  }

  func remaining(of session: WorkerSession, at now: MonotonicInstant) -> Duration? {
    workers[session]?.gone.map { .nanoseconds(max(0, $0.nanoseconds - now.nanoseconds)) }
  }

  /// What an ended attempt says about trials of its shape. One that went on from a checkpoint says nothing: its steps are
  /// the trial's, its seconds its own.
  mutating func learnLength(of index: Int, from result: TrialResult) {
    guard trials[index].grantedStep == 0, result.outcome != .diverged else { return }
    let record = trials[index].record
    // Threads that were lent late count as if they had always been there: better too long an estimate than too short.
    lengths.learn(
      TrialShape(record), steps: result.steps, seconds: result.seconds,
      threads: trials[index].threads + trials[index].lentThreads, besideOthers: trials[index].gang != nil)
  }

  /// What is left of the trial on a worker that gives it `threads`; nil while nothing is known.
  func length(of index: Int, threads: Int, besideOthers: Bool = false) -> Duration? {
    let end = trials[index].until ?? trials[index].record.plannedSteps
    let steps = end - (trials[index].checkpoint?.step ?? 0)
    return lengths.length(
      of: TrialShape(trials[index].record), steps: steps, threads: threads, besideOthers: besideOthers)
  }

  /// The first trial of the queue that is still pending and that the worker has the time for, or the one that suits its
  /// speed. When none of those looked at fits, the worker rests: the queue changes little from one event to the next.
  mutating func nextRunnable(
    for session: WorkerSession, threads: Int, at now: MonotonicInstant
  ) -> Int? {
    let remaining = remaining(of: session, at: now), preference = lengthPreference(of: session)
    guard remaining != nil || preference != nil else { return nextRunnable() }
    if remaining != nil, let rest = workers[session]?.restsUntil, rest > now { return nil }
    let whole = workers[session]?.wholeTime
    var lookedAt: [Int] = [], fitting: [Int] = []
    while lookedAt.count < Self.mostPassedOver, let index = nextRunnable() {
      lookedAt.append(index)
      guard fitsWalltime(length: length(of: index, threads: threads), remaining: remaining, whole: whole) else {
        continue
      }
      fitting.append(index)
      if preference == nil { break }
    }
    let chosen = preference.map { preferred(fitting, by: $0) } ?? fitting.first
    for index in lookedAt where index != chosen { enqueue(index) }
    if chosen == nil, !lookedAt.isEmpty {
      workers[session]?.restsUntil = now + settings.releasePause
      look(notAfter: now + settings.releasePause)
    }
    return chosen
  }
}
