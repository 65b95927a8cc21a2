// A coordinator with keys: who is not allowed never takes part, and damaged bytes end connections, not results. Numbers are
// those of docs/reliability.md.
import Foundation
import Messaging
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct SecurityFaults {
    private func fleet(_ sweep: TinySweep, lease: String = "2s") throws -> Fleet {
      let directory = try TestDirectory()
      for words in [["keys", "new", "keys"], ["keys", "new", "keys", "--worker", "node1"]] {
        let made = try attune(words, in: directory)
        #expect(made.exitCode == 0, "\(made.errors)")
      }
      return try Fleet(sweep, lease: lease, flags: ["--keys", "keys"], in: directory)
    }

    private let allowed = ["--keys", "keys/workers/node1"]

    @Test func `keys are made in a directory whose name is one letter`() throws {
      let directory = try TestDirectory()
      for words in [["keys", "new", "k"], ["keys", "new", "k", "--worker", "w"], ["keys", "revoke", "k", "w"]] {
        let ended = try attune(words, in: directory)
        #expect(ended.exitCode == 0, "\(ended.errors)")
      }
    }

    @Test func `27: workers without keys or with a key that is not allowed are refused and counted, others go on`()
      throws
    {
      let fleet = try fleet(.faulty)
      let worker = try fleet.addWorker(flags: allowed)
      _ = try fleet.waitForTrial(of: worker)
      let plain = try fleet.addWorker()
      try waitUntil("it is told that keys are missing") { plain.program.errors.contains("--keys DIR") }
      let made = try attune(["keys", "new", "strangers"], in: fleet.directory)
      let bundle = try attune(["keys", "new", "strangers", "--worker", "node9"], in: fleet.directory)
      #expect(made.exitCode == 0 && bundle.exitCode == 0, "\(made.errors) \(bundle.errors)")
      // The right coordinator, a key that it does not know.
      let stranger = "strangers/workers/node9"
      try fleet.directory.write(
        try fleet.directory.read("keys/coordinator.public"), to: stranger + "/coordinator.public")
      let unlisted = try fleet.addWorker(flags: ["--keys", stranger])
      try waitUntil("the unlisted key has been refused") {
        unlisted.program.errors.contains("not let in") || unlisted.program.hasEnded
      }
      try fleet.finish()
      // Either end may notice first that the other one speaks without keys, and end the connection.
      #expect(fleet.dropped("unknown_key") >= 1)
      #expect(fleet.dropped("broken_handshake") + fleet.dropped("abandoned_handshake") >= 1)
      #expect(fleet.session(of: plain) == nil && fleet.session(of: unlisted) == nil)
      #expect(try fleet.out.trials().allSatisfy { $0.record.attempts == 1 })
    }

    @Test func `27: a key that is revoked while its worker trains shuts it out, and its trial goes on elsewhere`()
      throws
    {
      let fleet = try fleet(.faulty)
      let worker = try fleet.addWorker(flags: allowed)
      let trial = try fleet.waitForTrial(of: worker, withCheckpoint: true)
      #expect(try attune(["keys", "revoke", "keys", "node1"], in: fleet.directory).exitCode == 0)
      try fleet.waitForLog("key_revoked")
      let refused = try worker.program.end()
      #expect(refused.exitCode == 1 && refused.errors.contains("refused"), "\(refused.errors)")
      #expect(try attune(["keys", "new", "keys", "--worker", "node2"], in: fleet.directory).exitCode == 0)
      try fleet.addWorker(flags: ["--keys", "keys/workers/node2"])
      try fleet.finish()
      let record = try #require(try fleet.out.trials().first { $0.record.id == trial.record.id }?.record)
      #expect(record.failures == 0, "being shut out is nobody's failure")
    }

    @Test func `29: who speaks under another key's session is refused, gets no trial and no checkpoint of it`() throws {
      let fleet = try fleet(.faulty, lease: "8s")
      #expect(try attune(["keys", "new", "keys", "--worker", "node2"], in: fleet.directory).exitCode == 0)
      let worker = try fleet.addWorker(flags: allowed)
      let trial = try fleet.waitForTrial(of: worker, withCheckpoint: true)
      let (session, offer) = (try #require(trial.holder), try #require(trial.checkpoint))
      // An allowed worker of ours that lies: the other one's session and trial, under its own key.
      let keys = try KeyDirectory(fleet.directory.path + "/keys/workers/node2").workerKeys()
      let context = try MessagingContext()
      func connect(_ port: UInt16) throws -> WorkerEndpoint {
        try WorkerEndpoint(
          context, connect: try EndpointAddress("tcp://127.0.0.1:\(port)"), session: session, security: .curve(keys))
      }
      func answer(to message: WorkerMessage, at port: UInt16) throws -> CoordinatorMessage? {
        var line = try connect(port)
        while try !line.send(message) { _ = try line.wait(timeout: .seconds(20), toSend: true) }
        for _ in 1...50 {
          if case .message(let answer)? = try line.receive() { return answer }
          _ = try line.wait(timeout: .seconds(1))
        }
        return nil
      }
      let held = HeldTrial(trial: trial.record.id, token: LeaseToken(epoch: 1, counter: 1), step: 0)
      let hello = WorkerHello(
        session: session, minimumVersion: protocolVersion, maximumVersion: protocolVersion,
        arithmeticVersion: arithmeticVersion, host: "thief", processID: 1, slots: 1, threads: 1, instructionSet: "avx2",
        programVersion: programVersion, inventory: [held])
      guard case .refused(let reason)? = try answer(to: .hello(hello), at: fleet.port) else {
        return #expect(Bool(false), "it was not refused")
      }
      #expect(reason.contains("belongs to another worker's key"))
      #expect(try answer(to: .ready(session, offer.digest), at: fleet.bulkPort) == .heard)
      try fleet.finish()
      #expect(fleet.dropped("session_of_another_key") >= 1)
      #expect(try fleet.out.trials().allSatisfy { $0.record.attempts == 1 && $0.record.failures == 0 })
    }

    @Test func `22: bits that flip anywhere on the way end encrypted connections and reach no result`() throws {
      let fleet = try fleet(.faulty)
      let worker = try fleet.addWorker(flags: allowed)
      _ = try fleet.waitForTrial(of: worker)
      for rules in [FaultRules.flipping(every: 9_001), .flipping(every: 3_001)] {
        let joined = fleet.out.count(of: "worker_joined")
        worker.proxy?.setBoth(rules)
        try waitUntil("the worker is back") {
          fleet.out.count(of: "worker_joined") > joined || fleet.coordinator.hasEnded
        }
        worker.proxy?.heal()
      }
      try fleet.finish()
    }
  }
}

extension FaultRules {
  static func flipping(every count: Int) -> FaultRules {
    var rules = FaultRules()
    rules.flipsEvery = count
    return rules
  }
}
