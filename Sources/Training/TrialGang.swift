// The training loop: trials that see the same prompts take their steps side by side, on batches drawn once for all of
// them. A trial alone is a gang of one. Members come to their ends one by one; the others go on.
import KernelTypes
import Kernels
import Shared

/// The name of the instruction set that trials run with here.
package var instructionSetName: String { InstructionSet.best?.rawValue ?? "none" }

package func requireSupportedProcessor() throws(TrainingError) {
  if InstructionSet.best == nil { throw .unsupportedProcessor }
}

/// A trial of a gang, and whom its training reports to.
package struct GangMember: Sendable {
  package let assignment: TrialAssignment
  package let observer: any TrialObserver
  package init(_ assignment: TrialAssignment, _ observer: any TrialObserver) {
    (self.assignment, self.observer) = (assignment, observer)
  }
}

/// Trains one trial on the calling thread and `assignment.threads − 1` others, until it ends or is asked to stop.
/// - instructionSet: which build of the kernels runs it; all give the same bits.
package func runTrial(
  _ assignment: TrialAssignment, on instructionSet: InstructionSet? = .best, observer: some TrialObserver
) throws(TrainingError) -> TrialEnd {
  guard let kernels = instructionSet?.kernels else { throw .unsupportedProcessor }
  return try runTrial(assignment, with: kernels, observer: observer)
}

/// The same with any table of kernels.
package func runTrial(
  _ assignment: TrialAssignment, with kernels: KernelTable, observer: some TrialObserver
) throws(TrainingError) -> TrialEnd {
  var end: Result<TrialEnd, TrainingError> = .failure(.unsupportedProcessor)
  runGang([GangMember(assignment, observer)], with: kernels) { _, how in end = how }
  return try end.get()
}

/// Trains trials of one source of prompts and one seed side by side: each gets the bits that it would get alone.
/// - members: the threads of the first are those of the gang.
/// - ended: called once for each, by its place, as soon as it has ended or been stopped.
package func runGang(
  _ members: [GangMember], on instructionSet: InstructionSet? = .best,
  ended: @escaping (Int, Result<TrialEnd, TrainingError>) -> Void
) {
  guard let kernels = instructionSet?.kernels else {
    for place in members.indices { ended(place, .failure(.unsupportedProcessor)) }
    return
  }
  runGang(members, with: kernels, ended: ended)
}

private func runGang(
  _ members: [GangMember], with kernels: KernelTable, ended: @escaping (Int, Result<TrialEnd, TrainingError>) -> Void
) {
  var trials: [TrialGang.Trial] = []
  for (place, member) in members.enumerated() {
    precondition(
      PromptSource(member.assignment.parameters) == PromptSource(members[0].assignment.parameters)
        && member.assignment.seed == members[0].assignment.seed, "a gang's trials see the same prompts")
    do throws(TrainingError) {
      trials.append(.init(place: place, run: try TrialRun(member.assignment, observer: member.observer)))
    } catch {
      ended(place, .failure(error))
    }
  }
  guard !trials.isEmpty else { return }
  let gang: TrialGang
  do throws(TrainingError) {
    gang = try TrialGang(trials, members[0].assignment, kernels: kernels, ended: ended)
  } catch {
    for trial in trials { ended(trial.place, .failure(error)) }
    return
  }
  gang.run()
}

private final class TrialGang {
  struct Trial {
    let place: Int
    let run: TrialRun
  }

  private static let mostBytes = 16 << 30

  /// Of any member: what the batches follow from is the same for all.
  private let parameters: TrialParameters
  private let kernels: KernelTable
  private let ended: (Int, Result<TrialEnd, TrainingError>) -> Void
  private let stream: PromptStream
  private let lengths: (of: PromptLengths, streams: [PromptStream])?
  /// In training; those of `batch.sums` are theirs, in the same order.
  private var trials: [Trial]
  private var batch: BatchGradient
  /// The number of the batch at hand.
  private var drawn: Int?
  private var validation: Validation
  /// Up to here the time has been shared out.
  private var mark: ContinuousClock.Instant

  init(
    _ trials: [Trial], _ assignment: TrialAssignment, kernels: KernelTable,
    ended: @escaping (Int, Result<TrialEnd, TrainingError>) -> Void
  ) throws(TrainingError) {
    mark = .now
    (parameters, self.kernels, self.trials, self.ended) = (assignment.parameters, kernels, trials, ended)
    stream = PromptStream(parameters, seed: assignment.seed, purpose: .training, kernels: kernels)
    lengths = PromptLengths(parameters, seed: assignment.seed).map { lengths in
      (
        lengths,
        lengths.contexts.map {
          PromptStream(
            assignment.parameters.withContext($0), seed: assignment.seed, purpose: .training, kernels: kernels)
        }
      )
    }
    let networks = trials.map(\.run.stepped)
    let bytes = Self.bytesNeeded(parameters, networks, stream, threads: assignment.threads, kernels: kernels)
    if bytes > Self.mostBytes { throw .tooLarge(what: "the batch with its states", bytes: bytes) }
    let pool = WorkerPool(threadCount: assignment.threads)
    batch = BatchGradient(
      parameters, stream: stream, pool: pool, kernels: kernels, networks: networks, lengths: lengths)
    let set = ValidationSet(parameters, seed: assignment.seed, pool: pool, kernels: kernels)
    validation = Validation(set: set, pool: pool, kernels: kernels)
    shareTime(trials)
  }

  private static func bytesNeeded(
    _ parameters: TrialParameters, _ networks: [PreparedNetwork], _ stream: PromptStream, threads: Int,
    kernels: KernelTable
  ) -> Int {
    let promptBytes = (parameters.context + 1) * (parameters.dimension + 1) * 4
    let scratch = (networks.map { kernels.networkScratch($0.pass) }.max() ?? 0) + stream.scratchCount
    return (parameters.batch + parameters.validationPrompts) * promptBytes + 4 * scratch * max(1, threads)
  }

  func run() {
    var stepping: [Trial] = []
    var sums: [GradientSums] = []
    while true {
      endWhoeverIsDone()
      guard var next = trials.first?.run.nextBatch else { return }
      shareThreads()
      // Who is behind catches up first, so that each batch is drawn once.
      for trial in trials { next = min(next, trial.run.nextBatch) }
      stepping.removeAll(keepingCapacity: true)
      sums.removeAll(keepingCapacity: true)
      for (trial, sum) in zip(trials, batch.sums) where trial.run.nextBatch == next {
        trial.run.beginStep()
        stepping.append(trial)
        sums.append(sum)
      }
      batch.evaluate(sums, drawing: next == drawn ? nil : next)
      drawn = next
      shareTime(stepping)
      for (trial, sum) in zip(stepping, sums) {
        trial.run.takeStep(loss: sum.loss, gradient: sum.gradient, evaluatingOn: validation)
        shareTime(CollectionOfOne(trial))
      }
    }
  }

  /// Adds the time since the last call to what these have spent.
  private func shareTime(_ trials: some Collection<Trial>) {
    let now = ContinuousClock.now
    for trial in trials { trial.run.spend(now - mark, sharedBy: trials.count) }
    mark = now
  }

  /// Goes on with another number of threads, if there is memory for them. The batch at hand is drawn again: it may have
  /// been drawn for several steps.
  private func shareThreads() {
    var granted: Int?
    for trial in trials {
      if let threads = trial.run.observer.threadsGranted { granted = max(granted ?? 0, threads) }
    }
    guard let threads = granted, threads != validation.pool.threadCount else { return }
    let networks = trials.map(\.run.stepped)
    let bytes = Self.bytesNeeded(parameters, networks, stream, threads: threads, kernels: kernels)
    guard bytes <= Self.mostBytes else { return }
    let pool = WorkerPool(threadCount: threads)
    batch = BatchGradient(
      parameters, stream: stream, pool: pool, kernels: kernels, networks: networks, lengths: lengths)
    validation = Validation(set: validation.set, pool: pool, kernels: kernels)
    drawn = nil
  }

  private func endWhoeverIsDone() {
    var place = 0
    while place < trials.count {
      let run = trials[place].run
      if run.takesNoMoreSteps {
        let end: Result<TrialEnd, TrainingError>
        do throws(TrainingError) {
          end = .success(try run.finish(validation, since: mark))
        } catch {
          end = .failure(error)
        }
        mark = .now
        remove(place, end)
      } else if run.observer.stopRequested {
        remove(place, .success(.stopped(run.checkpoint)))
      } else {
        place += 1
      }
    }
  }

  private func remove(_ place: Int, _ end: Result<TrialEnd, TrainingError>) {
    ended(trials.remove(at: place).place, end)
    batch.forget(place)
  }
}
