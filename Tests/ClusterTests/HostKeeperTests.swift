// Which hosts get a worker, and when nothing more is tried on one.
import Cluster
import Testing

@Suite struct HostKeeperTests {
  private func running(_ host: String, age: Double = 0) -> ClusterUnit { ClusterUnit(host, .running, age: age) }

  private func ended(_ host: String, _ ending: ClusterUnit.Ending) -> ClusterUnit { ClusterUnit(host, .ended(ending)) }

  @Test func `the first hosts wanted get a worker each, and the others none`() {
    var keeper = HostKeeper(hosts: ["a", "b", "c"])
    #expect(keeper.decide([], wanted: 2, at: .zero).start == ["a", "b"])
    let later = keeper.decide([running("a"), running("b")], wanted: 2, at: .seconds(1))
    #expect(later == HostKeeper.Decision())
  }

  @Test func `fewer wanted: the last ones are asked to leave, and not twice started again`() {
    var keeper = HostKeeper(hosts: ["a", "b", "c"])
    let units = [running("a"), running("b"), running("c")]
    #expect(keeper.decide(units, wanted: 1, at: .zero).stop == ["b", "c"])
    let left = [running("a"), ended("b", .left), ended("c", .left)]
    #expect(keeper.decide(left, wanted: 1, at: .seconds(60)) == HostKeeper.Decision())
    #expect(keeper.decide(left, wanted: 2, at: .seconds(120)).start == ["b"])
  }

  @Test func `a worker that was killed is started again after a moment`() {
    var keeper = HostKeeper(hosts: ["a"])
    _ = keeper.decide([], wanted: 1, at: .zero)
    _ = keeper.decide([running("a", age: 30)], wanted: 1, at: .seconds(30))
    let lost = [ended("a", .removed("killed by signal 9"))]
    #expect(keeper.decide(lost, wanted: 1, at: .seconds(31)).start.isEmpty)
    #expect(keeper.decide(lost, wanted: 1, at: .seconds(36)).start == ["a"])
  }

  @Test func `a host whose worker fails at once is tried at growing intervals, then left alone until somebody asks`() {
    var keeper = HostKeeper(hosts: ["a", "b"])
    var starts: [Int] = []
    var notes: [String] = []
    for second in 0..<4000 {
      // It runs for an instant after each start.
      if starts.last == second - 1 {
        _ = keeper.decide([running("a"), running("b", age: 100)], wanted: 2, at: .seconds(second))
        continue
      }
      let units = [ended("a", .failed("no such library")), running("b", age: 100)]
      let decision = keeper.decide(starts.isEmpty ? [running("b")] : units, wanted: 2, at: .seconds(second))
      if !decision.start.isEmpty { starts.append(second) }
      notes += decision.notes
    }
    #expect(starts.count == RepeatedFailure.most)
    let gaps = zip(starts.dropFirst(), starts).map { $0 - $1 }
    #expect(gaps == gaps.sorted() && gaps[0] >= 5 && gaps[6] >= 300)
    #expect(notes.count == RepeatedFailure.most && notes.last?.contains("left alone after 8 attempts") == true)
    #expect(keeper.abandoned == ["a"])
    keeper.forgive()
    #expect(keeper.decide([running("b")], wanted: 2, at: .seconds(4001)).start == ["a"])
  }

  @Test func `a worker that had worked for long is no failure of its host's, however it ended`() {
    var keeper = HostKeeper(hosts: ["a"])
    for round in 0..<20 {
      let begin = round * 1000
      _ = keeper.decide([], wanted: 1, at: .seconds(begin))
      _ = keeper.decide([running("a", age: 500)], wanted: 1, at: .seconds(begin + 500))
      _ = keeper.decide([ended("a", .failed("refused"))], wanted: 1, at: .seconds(begin + 501))
    }
    #expect(keeper.abandoned.isEmpty)
  }

  @Test func `a host that does not answer is not thought to be without a worker`() {
    var keeper = HostKeeper(hosts: ["a", "b"])
    let decision = keeper.decide([running("b")], unreachable: ["a": "timed out"], wanted: 2, at: .zero)
    #expect(decision.start.isEmpty && decision.stop.isEmpty)
    #expect(decision.notes == ["a does not answer: timed out; another attempt follows"])
    // Said once until the next attempt.
    #expect(keeper.decide([running("b")], unreachable: ["a": "timed out"], wanted: 2, at: .seconds(1)).notes.isEmpty)
  }
}
