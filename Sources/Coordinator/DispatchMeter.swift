// What `attune bench dispatch` reads off a coordinator at work: commits, and when results became durable.
import Foundation
import Shared
import Synchronization

struct DispatchMeter {
  private(set) var commits = 0
  /// After each commit: time since the loop began, and results stored by then.
  private var marks: [(at: Double, results: Int)] = []
  private var results = 0
  let joined = Joined()

  /// Sessions whose hello became durable, for whoever looks on from another thread.
  final class Joined: Sendable {
    private let seen = Mutex<(sessions: Set<WorkerSession>, last: ContinuousClock.Instant?)>(([], nil))
    /// How many there are, and when the last one came that had not been there before.
    var all: (count: Int, last: ContinuousClock.Instant?) { seen.withLock { ($0.sessions.count, $0.last) } }

    func note(_ session: WorkerSession) {
      seen.withLock { if $0.sessions.insert(session).inserted { $0.last = ContinuousClock.now } }
    }
  }
  /// When the first trial was granted.
  private var began: Double?
  /// This process's processor seconds at that time and after the last result.
  private var processor = (began: (user: 0.0, system: 0.0), ended: (user: 0.0, system: 0.0))

  mutating func committed(_ changes: [SweepChange], at now: Double) {
    commits += 1
    for change in changes {
      switch change {
      case .status(let status):
        if status.state == .succeeded {
          results += 1
        } else if status.state == .leased, began == nil {
          (began, processor.began) = (now, processorSeconds(RUSAGE_SELF))
        }
      case .worker(let hello): joined.note(hello.session)
      case .planned, .plannedTrials, .points, .checkpoint, .continued, .workerKey: break
      }
    }
    marks.append((now, results))
    if began != nil { processor.ended = processorSeconds(RUSAGE_SELF) }
  }

  /// What dispatching took, without reading the sweep at the start.
  var processorTime: (user: Double, system: Double) {
    (processor.ended.user - processor.began.user, processor.ended.system - processor.began.system)
  }

  /// From the commit of the first grant to that of the last result.
  var seconds: Double {
    guard let began, let last = marks.last(where: { $0.results == results }) else { return 0 }
    return (marks.first { $0.results == results } ?? last).at - began
  }

  /// Results a second in each tenth of them, from the first to the last.
  var tenths: [Double] {
    guard let began, results >= 1000 else { return [] }
    var rates: [Double] = []
    var before = (at: began, results: 0)
    for tenth in 1...10 {
      guard let mark = marks.first(where: { $0.results >= results * tenth / 10 }) else { break }
      rates.append(Double(mark.results - before.results) / max(1e-9, mark.at - before.at))
      before = mark
    }
    return rates
  }
}
