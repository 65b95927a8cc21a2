// Large sweeps: what an event costs must not grow with the number of trials.
import Scheduling
import Shared
import Testing

@Suite struct ScaleTests {
  @Test func `a sweep of 50,000 trials is scheduled`() {
    // 100 cells of 1 reference and 500 reporting trials. Every event goes through indexed queues; with a search through
    // all trials per event this test would need ten thousand million steps, and would not end in any patience.
    let harness = SchedulerHarness(makePlan(cells: 100, candidates: 1, report: 499))
    for worker in 1...100 { harness.connect(session(UInt64(worker)), slots: 2) }
    harness.runAll()
    #expect(harness.finished)
    #expect(harness.scheduler.progress.succeeded == 50_000)
    #expect(harness.alarms == [])
  }
}
