// `make soak`: a sweep of two hundred trials under random faults, again and again until the time is over; each ends with the
// history check and the digest of an undisturbed run. The printed seed draws the same faults again.
import Foundation
import Testing

private let environment = ProcessInfo.processInfo.environment
private let soakSeconds = environment["ATTUNE_SOAK_SECONDS"].flatMap(Int.init)

extension EndToEnd {
  @ProcessThread @Suite struct Soak {
    @Test(.enabled(if: soakSeconds != nil, "for make soak: ATTUNE_SOAK_SECONDS is not set"))
    func `two hundred trials under random faults end with the digest of an undisturbed run`() throws {
      let seconds = try #require(soakSeconds)
      let seed = environment["ATTUNE_SOAK_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999_999)
      let log = SoakLog(directory: environment["ATTUNE_SOAK_LOG"], name: "soak-\(seed)")
      let command = "make soak MINUTES=\((seconds + 59) / 60) SEED=\(seed)"
      log.write("seed \(seed), \(seconds) s of faults; again with: \(command)")
      var sweep = TinySweep(
        tasks: ["linear", "relu"], activations: ["linear", "relu", "exp", "softmax", "[exp, softmax]"], batch: 128,
        reportSeeds: 17)
      // Trials of some tenths of a second to about one: long enough to be hit in the middle.
      sweep.steps = max(20_000, min(100_000, seconds * 60)) / 1000 * 1000
      sweep.checkpointEvery = sweep.steps / 20
      log.write("an undisturbed run of \(sweep.trialCount) trials of \(sweep.steps) steps first")
      log.write("its digest is \(try sweep.undisturbed(workers: 2, limit: .seconds(3600)).digest)")
      let deadline = ContinuousClock.now + .seconds(seconds)
      var round = 0
      while ContinuousClock.now < deadline {
        round += 1
        log.write("sweep \(round)")
        let problems = try SoakRun(sweep, seed: seed &+ UInt64(round - 1), until: deadline, log: log).run()
        #expect(problems == [], "seed \(seed), sweep \(round)")
        log.write("sweep \(round): \(problems.isEmpty ? "digest equal, history clean" : "FAILED")")
        if !problems.isEmpty { break }
      }
    }
  }
}
