// Which hosts a worker is started on, and which one is asked to leave: one worker on each of the first hosts wanted.
// Pure: what the hosts show comes in, what is to be done goes out.

package struct HostKeeper: Sendable {
  package struct Decision: Equatable, Sendable {
    package var start: [String] = []
    package var stop: [String] = []
    /// For the log.
    package var notes: [String] = []
    package init() {}
  }

  /// After a worker has left in order it is started again no sooner: its host may be on its way down.
  package static let pauseAfterLeaving = Duration.seconds(15)
  /// A worker that ran so long was no failure of the host's, however it ended.
  package static let soundAge = 60.0

  private let hosts: [String]
  private var failures: [String: RepeatedFailure] = [:]
  /// Endings that were counted: no ending is counted twice.
  private var counted: Set<String> = []
  private var lastAge: [String: Double] = [:]

  package init(hosts: [String]) { self.hosts = hosts }

  /// Forgets what failed: somebody has looked after it.
  package mutating func forgive() { failures = [:] }

  /// Hosts that nothing is tried on any more.
  package var abandoned: [String] { hosts.filter { failures[$0]?.isFinal == true } }

  /// - units: of the hosts that answered, one each; a host without a worker is missing.
  /// - unreachable: hosts that did not answer, and what they said instead.
  package mutating func decide(
    _ units: [ClusterUnit], unreachable: [String: String] = [:], wanted: Int, at now: Duration
  ) -> Decision {
    var decision = Decision()
    let byHost = Dictionary(units.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    for (place, host) in hosts.enumerated() {
      let isWanted = place < wanted
      if let reason = unreachable[host] {
        if isWanted { fail(host, "\(host) does not answer: \(reason)", at: now, &decision) }
        continue
      }
      let unit = byHost[host]
      switch unit?.state {
      case .running, .waiting:
        counted.remove(host)
        lastAge[host] = unit?.age ?? 0
        if !isWanted {
          decision.stop.append(host)
        } else if (unit?.age ?? 0) >= Self.soundAge {
          failures[host]?.succeeded()
        }
        continue
      case .ended(let ending): count(ending, of: host, at: now, &decision)
      case nil: break
      }
      guard isWanted, failures[host]?.isFinal != true, now >= failures[host]?.until ?? .zero else { continue }
      counted.remove(host)
      lastAge[host] = 0
      decision.start.append(host)
    }
    return decision
  }

  /// What was asked for could not be done.
  package mutating func couldNotStart(_ host: String, _ reason: String, at now: Duration) -> [String] {
    var decision = Decision()
    fail(host, "\(host): \(reason)", at: now, &decision)
    return decision.notes
  }

  private mutating func count(
    _ ending: ClusterUnit.Ending, of host: String, at now: Duration, _ decision: inout Decision
  ) {
    guard counted.insert(host).inserted else { return }
    switch ending {
    case .failed(let reason) where lastAge[host, default: 0] < Self.soundAge:
      fail(host, "the worker on \(host) ended: \(reason)", at: now, &decision)
    case .failed(let reason), .removed(let reason):
      decision.notes.append("the worker on \(host) ended: \(reason)")
      failures[host, default: RepeatedFailure()].pause(RepeatedFailure.first, at: now)
    case .left, .walltime:
      failures[host, default: RepeatedFailure()].pause(Self.pauseAfterLeaving, at: now)
    }
  }

  private mutating func fail(_ host: String, _ what: String, at now: Duration, _ decision: inout Decision) {
    guard now >= failures[host]?.until ?? .zero, failures[host]?.isFinal != true else { return }
    failures[host, default: RepeatedFailure()].failed(at: now)
    let further =
      failures[host]?.isFinal == true
      ? "it is left alone after \(RepeatedFailure.most) attempts; mend it, then run `attune cluster up` again"
      : "another attempt follows"
    decision.notes.append("\(what); \(further)")
  }
}
