// The history of a trial's attempts, and directories that were written before there was one.
import Foundation
import Shared
import Store
import Testing

@Suite struct AttemptTests {
  private func leased(_ trial: TrialRecord, _ state: TrialState, counter: Int64?, reason: String? = nil) -> SweepChange
  {
    .status(
      TrialStatus(
        trial: trial.id, state: state, failures: 0, attempts: 1,
        token: counter.map { LeaseToken(epoch: 1, counter: $0) },
        holder: state == .leased || state == .running ? WorkerSession(rawValue: 7) : nil, reason: reason, result: nil))
  }

  @Test func `each attempt is kept with its worker, its times and how it ended`() throws {
    let directory = try TemporaryDirectory()
    var seconds = 100.0
    let plan = makePlan()
    let store = try SweepStore.forRunning(plan, in: directory.sweep) { Date(timeIntervalSince1970: seconds) }
    let trial = records(of: plan)[0]
    let hello = WorkerHello(
      session: WorkerSession(rawValue: 7), minimumVersion: 1, maximumVersion: 1, arithmeticVersion: 1, host: "node3",
      processID: 42, slots: 1, threads: 1, instructionSet: "avx2", programVersion: "test", inventory: [])
    try store.commit([.planned(trial), .worker(hello)])
    func commit(_ change: SweepChange) throws {
      seconds += 10
      try store.commit([change])
    }
    try commit(leased(trial, .leased, counter: 1))
    try commit(leased(trial, .running, counter: 1))
    try commit(leased(trial, .pending, counter: 1, reason: "its worker was silent for 30 s"))
    // Its worker comes back in time, and gives the trial away for good after that.
    try commit(leased(trial, .leased, counter: 1))
    try commit(leased(trial, .pending, counter: nil, reason: "its worker gave it back: SIGTERM"))
    try commit(leased(trial, .leased, counter: 2))
    #expect(
      try store.attempts(of: trial.id).map { "\($0.token) \($0.host ?? "") \($0.granted ?? 0) \($0.ended ?? 0)" }
        == ["1.1 node3 110.0 150.0", "1.2 node3 160.0 0.0"])
    #expect(try store.attempts(of: trial.id)[0].reason == "its worker gave it back: SIGTERM")
    try commit(leased(trial, .failed, counter: 2, reason: "no memory"))
    let last = try #require(try store.attempts(of: trial.id).last)
    #expect((last.ended, last.reason) == (170, "failed: no memory"))
    #expect(try store.attempts(of: records(of: plan)[1].id).isEmpty)
  }

  @Test func `a session's key is kept until the next start`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan(), session = WorkerSession(rawValue: .max)
    let hello = WorkerHello(
      session: session, minimumVersion: 1, maximumVersion: 1, arithmeticVersion: 1, host: "node3", processID: 42,
      slots: 1, threads: 1, instructionSet: "avx2", programVersion: "test", inventory: [])
    do {
      let store = try SweepStore.forRunning(plan, in: directory.sweep)
      try store.commit([.worker(hello), .workerKey(session, "node3")])
      // Its next hello, in the same transaction as its key, too.
      try store.commit([.worker(hello), .workerKey(session, "node3")])
    }
    #expect(try SweepStore.forRunning(plan, in: directory.sweep).workerKeys() == [session: "node3"])
  }
}
