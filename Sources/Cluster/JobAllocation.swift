// How many jobs a batch system is asked for: as many as there is work for, within limits, and none in a hurry after failures.
// Pure: what the queue shows comes in, what is to be submitted and cancelled goes out.
// The rules are those of HyperQueue's automatic allocation (limits on what waits, pauses and an end after failures).

package struct JobAllocation: Sendable {
  package struct Decision: Equatable, Sendable {
    package var submit = 0
    package var cancel: [String] = []
    /// For the log.
    package var notes: [String] = []
    package init() {}
  }

  /// A job that ended by itself sooner has done nothing useful, whatever its exit status.
  package static let soundAge = 20.0
  /// A worker that runs so long proves that the script is sound.
  package static let provenAge = 60.0

  /// Trials that one job trains at a time.
  private let slots: Int
  private let mostWaiting: Int
  private var failure = RepeatedFailure()
  /// Jobs that were taken away soon after their start, by somebody who may mean it: no failure, but a reason to slow down.
  private var removal = RepeatedFailure()
  private var alive: Set<String> = []
  private var counted: Set<String> = []
  private var saidFinal = false

  package init(slots: Int, mostWaiting: Int) { (self.slots, self.mostWaiting) = (max(1, slots), mostWaiting) }

  package mutating func forgive() { (failure, removal, saidFinal) = (RepeatedFailure(), RepeatedFailure(), false) }

  package var isAbandoned: Bool { failure.isFinal }

  /// - units: what the queue shows of this cluster's jobs, those that ended a while ago among them or not.
  /// - most: jobs that may wait and run together.
  package mutating func decide(
    _ units: [ClusterUnit], demand: ClusterDemand?, most: Int, at now: Duration
  ) -> Decision {
    var decision = Decision()
    note(units, at: now, &decision)
    let waiting = units.filter { $0.state == .waiting }, running = units.filter { $0.state == .running }
    // Before the coordinator has spoken there is certainly some work.
    let useful = demand.map { ($0.waiting + $0.held + slots - 1) / slots } ?? min(most, mostWaiting)
    let wanted = min(most, useful)
    let count = waiting.count + running.count
    if count > wanted {
      // What waits costs nothing to give up. What runs is only asked to leave where fewer are wanted, not for want of work:
      // it ends with the sweep, and trials may come back.
      decision.cancel = waiting.suffix(count - wanted).map(\.name)
      if running.count > most { decision.cancel += running.suffix(running.count - most).map(\.name) }
    } else if failure.isFinal {
      if !saidFinal {
        saidFinal = true
        decision.notes.append(
          "no further jobs are submitted after \(RepeatedFailure.most) that failed one after the other; look at their logs, "
            + "then run `attune cluster up` again")
      }
    } else if now >= max(failure.until, removal.until) {
      decision.submit = max(0, min(wanted - count, mostWaiting - waiting.count))
    }
    return decision
  }

  /// The batch system refused.
  package mutating func couldNotSubmit(_ reason: String, at now: Duration) -> [String] {
    failure.failed(at: now)
    return ["the jobs were not taken: \(reason)"]
  }

  private mutating func note(_ units: [ClusterUnit], at now: Duration, _ decision: inout Decision) {
    var seen: Set<String> = []
    for unit in units {
      guard case .ended(let ending) = unit.state else {
        seen.insert(unit.name)
        // Started after the last failure, and still there.
        if unit.state == .running, unit.age >= Self.provenAge {
          if now - .seconds(unit.age) > failure.last { failure.succeeded() }
          if now - .seconds(unit.age) > removal.last { removal.succeeded() }
        }
        continue
      }
      guard counted.insert(unit.name).inserted else { continue }
      switch ending {
      case .failed(let reason):
        failure.failed(at: now)
        decision.notes.append("job \(unit.name) failed: \(reason)")
      case .left where unit.age < Self.soundAge:
        failure.failed(at: now)
        decision.notes.append("job \(unit.name) ended after \(Int(unit.age)) s without having worked")
      case .removed(let reason):
        decision.notes.append("job \(unit.name) was taken away: \(reason)")
        if unit.age < Self.provenAge, now >= removal.until { removal.failed(at: now) }
        removal.pause(RepeatedFailure.first, at: now)
      case .left, .walltime: break
      }
    }
    // A queue forgets jobs that ended; nothing can be said of how.
    for name in alive.subtracting(seen).sorted() where counted.insert(name).inserted {
      decision.notes.append("job \(name) is not in the queue any more")
    }
    alive = seen
  }
}
