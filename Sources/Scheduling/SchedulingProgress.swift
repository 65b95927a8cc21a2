// How far a sweep is, in numbers for a display: read from the scheduler, never part of a decision.
import Shared

package struct SchedulingProgress: Equatable, Sendable {
  /// Trials that the sweep will have had when it ends.
  package var planned = 0
  package var succeeded = 0
  /// Failed and quarantined.
  package var failed = 0
  package var cancelled = 0
  /// Stopped early.
  package var pruned = 0
  /// Leased and running.
  package var running = 0
  package var cells = 0
  package var finishedCells = 0
  package var workers = 0
  /// Optimiser steps taken, and those that the whole sweep takes; an estimate while cells are being tuned.
  package var stepsDone = 0
  package var stepsPlanned = 0
  /// Sum over the running trials.
  package var stepsPerSecond = 0.0
}

/// A trial that a worker holds now.
package struct HeldTrialProgress: Equatable, Sendable {
  package var session: WorkerSession
  package var record: TrialRecord
  package var step: Int
  package var threads: Int
}

/// A worker as the coordinator knows it.
package struct WorkerContact: Sendable {
  package var hello: WorkerHello
  /// Since its last message.
  package var silence: Duration
  package var trials: [TrialID]
}

extension SweepScheduler {
  /// What every worker works on, in the order in which they came and then by trial.
  package var heldTrials: [HeldTrialProgress] {
    workers.values.sorted { $0.order < $1.order }.flatMap { worker in
      worker.held.sorted().map {
        HeldTrialProgress(
          session: worker.hello.session, record: trials[$0].record, step: trials[$0].step,
          threads: trials[$0].threads + trials[$0].lentThreads)
      }
    }
  }

  /// What a worker said about itself.
  package func hello(of session: WorkerSession) -> WorkerHello? { workers[session]?.hello }

  /// Workers that are in contact, in the order in which they came.
  package var presentSessions: [WorkerSession] {
    workers.values.filter { !$0.isSilent }.sorted { $0.order < $1.order }.map(\.hello.session)
  }

  /// Who got the trial's latest lease, as far as is known.
  package func grantee(of trial: TrialID) -> WorkerSession? {
    guard let index = indexByID[trial] else { return nil }
    return trials[index].grantee
  }

  /// Every trial that exists by now.
  package var knownTrials: [TrialID] { trials.map(\.record.id) }

  package var presentWorkers: Int { workers.values.count { !$0.isSilent } }

  /// Trials that could be granted now, were there a slot for each.
  package var waitingCount: Int { queue.count }

  /// The first `limit` workers in contact, in the order in which they came.
  package func contacts(atMost limit: Int, at now: MonotonicInstant) -> [WorkerContact] {
    workers.values.filter { !$0.isSilent }.sorted { $0.order < $1.order }.prefix(limit).map { worker in
      WorkerContact(
        hello: worker.hello, silence: now - worker.lastContact,
        trials: worker.held.map { trials[$0].record.id }.sorted())
    }
  }

  package var progress: SchedulingProgress {
    var progress = SchedulingProgress()
    progress.planned = plan.plannedTrialCount - sharedTrials
    progress.succeeded = stateCounts[.succeeded]
    progress.failed = stateCounts[.failed] + stateCounts[.quarantined]
    progress.cancelled = stateCounts[.cancelled]
    progress.pruned = stateCounts[.pruned]
    progress.running = stateCounts[.leased] + stateCounts[.running]
    progress.cells = cells.count
    progress.finishedCells = finishedCells
    progress.stepsDone = stepsDone
    progress.stepsPlanned = stepsKnown + stepsExpected
    for worker in workers.values where !worker.isSilent {
      progress.workers += 1
      for index in worker.held {
        progress.stepsDone += trials[index].step
        progress.stepsPerSecond += trials[index].stepsPerSecond
      }
    }
    return progress
  }

  /// Every trial of the plan that ended without a result, with its reason, in the plan's order.
  package var failures: [TrialRecord] {
    trials.filter { !$0.cells.isEmpty && ($0.record.state == .failed || $0.record.state == .quarantined) }
      .sorted { $0.rank < $1.rank }.map(\.record)
  }

  /// Nothing is leased: a stop loses no work.
  package var holdsNoLease: Bool {
    stateCounts[.leased] + stateCounts[.running] == 0
  }
}
