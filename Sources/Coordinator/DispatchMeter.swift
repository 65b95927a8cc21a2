// What `attune bench dispatch` reads off a coordinator at work: commits, and when results became durable.
import Foundation
import Shared

struct DispatchMeter {
  private(set) var commits = 0
  /// After each commit: time since the loop began, and results stored by then.
  private var marks: [(at: Double, results: Int)] = []
  private var results = 0
  /// When the first trial was granted.
  private var began: Double?
  /// This process's processor seconds at that time and after the last result.
  private var processor = (began: (user: 0.0, system: 0.0), ended: (user: 0.0, system: 0.0))

  mutating func committed(_ changes: [SweepChange], at now: Double) {
    commits += 1
    for case .status(let status) in changes {
      if status.state == .succeeded {
        results += 1
      } else if status.state == .leased, began == nil {
        (began, processor.began) = (now, processorSeconds(RUSAGE_SELF))
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

  /// Results a second until `count` of them were stored.
  func rate(ofFirst count: Int) -> Double? {
    guard let began, let mark = marks.first(where: { $0.results >= count }) else { return nil }
    return Double(mark.results) / max(1e-9, mark.at - began)
  }

  /// Results a second over at least the last `count` of them.
  func rate(ofLast count: Int) -> Double? {
    guard let end = marks.first(where: { $0.results == results }),
      let mark = marks.last(where: { $0.results <= results - count })
    else { return nil }
    return Double(results - mark.results) / max(1e-9, end.at - mark.at)
  }
}
