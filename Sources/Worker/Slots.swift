// Threads that train: one per running attempt or gang of them. The service sees to it that there are never more than slots.
import Foundation
import Messaging
import Shared
import Synchronization
import Training

/// What the training of one attempt reports, and whether it is to stop.
private final class AttemptObserver: TrialObserver {
  private let attempt: Attempt
  private let mailbox: Mailbox<WorkerEvent>
  private let stop = Atomic<Bool>(false)
  /// 0: as many as it began with.
  private let threads = Atomic<Int>(0)

  init(_ attempt: Attempt, _ mailbox: Mailbox<WorkerEvent>) { (self.attempt, self.mailbox) = (attempt, mailbox) }

  func requestStop() { stop.store(true, ordering: .relaxed) }
  var stopRequested: Bool { stop.load(ordering: .relaxed) }

  func grant(threads count: Int) { threads.store(count, ordering: .relaxed) }
  var threadsGranted: Int? {
    let count = threads.load(ordering: .relaxed)
    return count > 0 ? count : nil
  }

  func progressed(points: [MetricPoint], step: Int, stepsPerSecond: Double) {
    mailbox.post(.progressed(attempt, points: points, step: step, stepsPerSecond: stepsPerSecond))
  }

  func wrote(_ checkpoint: WrittenCheckpoint) { mailbox.post(.wrote(attempt, checkpoint)) }
}

/// Used by the thread that owns the socket only.
struct Slots {
  /// The kernels' scratch memory may lie on the stack.
  private static let stackBytes = 16 << 20
  private let mailbox: Mailbox<WorkerEvent>
  private var observers: [Attempt: AttemptObserver] = [:]

  init(reportingTo mailbox: Mailbox<WorkerEvent>) { self.mailbox = mailbox }

  /// Trains them side by side on one thread, which reports the end of each.
  mutating func start(_ gang: [AttemptStart]) {
    guard let first = gang.first else { return }
    let mailbox = mailbox
    let members = gang.map { GangMember($0.assignment, observer(of: $0.attempt)) }
    let thread = Thread {
      runGang(members) { place, end in
        let outcome: TrainingOutcome
        switch end {
        case .success(let end): outcome = .ended(end)
        case .failure(let error): outcome = .failed(reason: "\(error)")
        }
        mailbox.post(.trainingEnded(gang[place].attempt, outcome))
      }
    }
    thread.name = "trial \(first.attempt.trial)"
    thread.stackSize = Self.stackBytes
    thread.start()
  }

  private mutating func observer(of attempt: Attempt) -> AttemptObserver {
    let observer = AttemptObserver(attempt, mailbox)
    observers[attempt] = observer
    return observer
  }

  func stop(_ attempt: Attempt) { observers[attempt]?.requestStop() }

  func share(_ attempt: Attempt, threads: Int) { observers[attempt]?.grant(threads: threads) }

  /// The thread that trained the attempt has reported its end.
  mutating func ended(_ attempt: Attempt) { observers[attempt] = nil }
}
