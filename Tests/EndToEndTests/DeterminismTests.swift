// The same manifest gives the same bits, whatever runs it.
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Determinism {
    /// Several layers, a list of heads and three chunks per batch: what threads could disturb.
    private static let sweep = TinySweep(
      tasks: ["relu", "exp"], activations: ["exp", "[exp, linear]"], layers: 2, context: 5, dimension: 3, reportSeeds: 3
    )

    @Test(
      arguments: [
        ["--workers", "2", "--threads", "1"],
        ["--workers", "3", "--threads", "1"],
        ["--workers", "1", "--threads", "2", "--slots", "1"],
        ["--workers", "1", "--threads", "3", "--slots", "2"],
      ])
    func `any number of workers, threads and slots gives the digest of one`(flags: [String]) throws {
      let directory = try TestDirectory()
      try directory.write(Self.sweep.yaml, to: "tiny.yaml")
      let ended = try attune(["run", "tiny.yaml", "--out", "out"] + flags, in: directory)
      #expect(ended.exitCode == 0)
      #expect(try digest(in: ended.output) == Self.sweep.undisturbedDigest)
      let threads = Set(directory.sweep().log().filter { $0.event == "granted" }.compactMap(\.threads))
      if flags.contains("--slots"), flags[5] == "1" { #expect(threads == [2]) }
    }

    /// One worker is granted gangs, six have too little to do for that.
    @Test(arguments: [1, 6])
    func `trials that share a slot and its batches give the digest of those that do not`(workers: Int) throws {
      let directory = try TestDirectory()
      let ended = try attune(try Self.sweep.command(in: directory, workers: workers, threads: 1), in: directory)
      #expect(ended.exitCode == 0)
      #expect(try digest(in: ended.output) == Self.sweep.undisturbedDigest)
      let gangs = directory.sweep().log().filter { $0.event == "granted" }.map(\.gang)
      #expect(gangs.count == Self.sweep.trialCount)
      #expect(Set(gangs.compactMap { $0 }).isEmpty == (workers == 6))
    }
  }
}
