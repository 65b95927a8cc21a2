// How many jobs are asked for, and that a queue is never filled with ones that fail.
import Cluster
import Testing

@Suite struct JobAllocationTests {
  private func job(_ name: String, _ state: ClusterUnit.State, age: Double = 0) -> ClusterUnit {
    ClusterUnit(name, state, age: age)
  }

  @Test func `as many jobs as there is work for, within the limits on all and on those that wait`() {
    var allocation = JobAllocation(slots: 4, mostWaiting: 3)
    let demand = ClusterDemand(waiting: 17, held: 0)
    #expect(allocation.decide([], demand: demand, most: 10, at: .zero).submit == 3)
    let waiting = (1...3).map { job("1_\($0)", .waiting) }
    #expect(allocation.decide(waiting, demand: demand, most: 10, at: .seconds(1)).submit == 0)
    let two = [job("1_1", .running), job("1_2", .running), job("1_3", .waiting)]
    // Five are useful: 17 trials of four slots each.
    #expect(allocation.decide(two, demand: demand, most: 10, at: .seconds(2)).submit == 2)
    #expect(allocation.decide(two, demand: demand, most: 3, at: .seconds(2)).submit == 0)
  }

  @Test func `jobs that wait without work are given up, those that run stay until the sweep ends`() {
    var allocation = JobAllocation(slots: 1, mostWaiting: 4)
    let units = [job("1_1", .running), job("1_2", .running), job("1_3", .waiting), job("1_4", .waiting)]
    let decision = allocation.decide(units, demand: ClusterDemand(waiting: 0, held: 1), most: 8, at: .zero)
    #expect(decision.cancel == ["1_3", "1_4"] && decision.submit == 0)
  }

  @Test func `fewer wanted: running jobs beyond that leave, the newest first`() {
    var allocation = JobAllocation(slots: 1, mostWaiting: 4)
    let units = (1...4).map { job("1_\($0)", .running) }
    let decision = allocation.decide(units, demand: ClusterDemand(waiting: 50, held: 4), most: 1, at: .zero)
    #expect(decision.cancel == ["1_2", "1_3", "1_4"])
  }

  @Test func `jobs whose time is over are replaced at once`() {
    var allocation = JobAllocation(slots: 1, mostWaiting: 4)
    let demand = ClusterDemand(waiting: 1, held: 0)
    for round in 0..<30 {
      let now = Duration.seconds(round * 100)
      #expect(allocation.decide([], demand: demand, most: 1, at: now).submit == 1)
      _ = allocation.decide([job("\(round)", .running)], demand: demand, most: 1, at: now + .seconds(1))
      let over = [job("\(round)", .ended(.walltime), age: 90)]
      #expect(allocation.decide(over, demand: demand, most: 1, at: now + .seconds(91)).submit == 1)
    }
    #expect(!allocation.isAbandoned)
  }

  /// A simulated queue: jobs of a broken script end a second after they were submitted.
  private func submissions(seconds: Int, ending: ClusterUnit.Ending) -> (count: Int, notes: [String]) {
    var allocation = JobAllocation(slots: 1, mostWaiting: 2)
    var shown: [ClusterUnit] = []
    var submitted = 0, notes: [String] = []
    for second in 0..<seconds {
      let decision = allocation.decide(
        shown, demand: ClusterDemand(waiting: 1000, held: 0), most: 100, at: .seconds(second))
      notes += decision.notes
      for index in shown.indices where !shown[index].hasEnded { shown[index].state = .ended(ending) }
      for _ in 0..<decision.submit {
        submitted += 1
        shown.append(job("\(submitted)", .running))
      }
      // The queue forgets.
      if shown.count > 50 { shown.removeFirst(10) }
    }
    return (submitted, notes)
  }

  @Test(arguments: [ClusterUnit.Ending.failed("FAILED with exit status 127"), .left])
  func `a script that fails at once is submitted a few times, ever more slowly, and then no more`(
    ending: ClusterUnit.Ending
  ) {
    let day = submissions(seconds: 86_400, ending: ending)
    #expect(day.count <= 2 * RepeatedFailure.most)
    #expect(day.notes.count { $0.hasPrefix("no further jobs are submitted") } == 1)
    #expect(submissions(seconds: 20, ending: ending).count <= 4)
  }

  @Test func `jobs that are cancelled one after the other are replaced, not hurriedly, and never given up`() {
    let hour = submissions(seconds: 3600, ending: .removed("cancelled"))
    #expect((10...60).contains(hour.count))
    #expect(!hour.notes.contains { $0.hasPrefix("no further") })
  }

  @Test func `what the batch system does not take counts as a failure`() {
    var allocation = JobAllocation(slots: 1, mostWaiting: 1)
    let demand = ClusterDemand(waiting: 5, held: 0)
    #expect(allocation.decide([], demand: demand, most: 1, at: .zero).submit == 1)
    #expect(allocation.couldNotSubmit("invalid partition", at: .zero) == ["the jobs were not taken: invalid partition"])
    #expect(allocation.decide([], demand: demand, most: 1, at: .seconds(4)).submit == 0)
    #expect(allocation.decide([], demand: demand, most: 1, at: .seconds(5)).submit == 1)
  }

  @Test func `one good job after the failures shows that the script is sound, one from before does not`() {
    var allocation = JobAllocation(slots: 1, mostWaiting: 1)
    let demand = ClusterDemand(waiting: 50, held: 0)
    for round in 0..<RepeatedFailure.most {
      let units = [job("old", .running, age: Double(10_000 + round)), job("\(round)", .ended(.failed("x")))]
      _ = allocation.decide(units, demand: demand, most: 9, at: .seconds(10_000 + round))
    }
    #expect(allocation.isAbandoned)
    let old = [job("old", .running, age: 20_000)]
    #expect(allocation.decide(old, demand: demand, most: 9, at: .seconds(20_000)).submit == 0)
    let new = old + [job("new", .running, age: 70)]
    #expect(allocation.decide(new, demand: demand, most: 9, at: .seconds(20_000)).submit == 1)
  }
}
