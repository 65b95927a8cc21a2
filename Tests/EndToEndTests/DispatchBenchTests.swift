// `attune bench dispatch` on a small scale, and on a disk that fills up: everything that it counts agrees. Nothing here
// depends on how fast it was.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct DispatchBench {
    private func figures(_ flags: [String]) throws -> [String: Any] {
      let directory = try TestDirectory()
      let program = try RunningProgram(["bench", "dispatch", "--json", "--directory", "."] + flags, in: directory)
      let end = try program.end()
      #expect(end.exitCode == 0, "\(end.errors)")
      return try #require(JSONSerialization.jsonObject(with: Data(end.output.utf8)) as? [String: Any])
    }

    @Test(arguments: ["ipc", "tcp"])
    func `every trial is acknowledged once, stored once, and the audit is clean`(transport: String) throws {
      let found = try figures(["--trials", "1000", "--workers", "4", "--transport", transport])
      #expect(found["clean"] as? Bool == true, "\(found["problems"] ?? "")")
      // 5 cells of 20 candidates on 10 seeds, each with a reference and one reporting trial.
      #expect(found["succeeded"] as? Int == 1010)
      #expect(found["acknowledged"] as? Int == 1010)
      // Far fewer commits than results: that is what batches are for.
      #expect(try #require(found["commits"] as? Int) < 1010)
    }

    @Test(.enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here"))
    func `19: a disk that fills up under commits of thousands of results: nothing is acknowledged that is not stored`()
      throws
    {
      let directory = try TestDirectory()
      let disk = try SmallDisk(in: directory, size: "256m")
      defer { disk.unmount() }
      let program = try RunningProgram(
        ["bench", "dispatch", "--json", "--directory", "disk", "--trials", "150000", "--workers", "32"], in: directory)
      var sweep: StoredDirectory?
      try waitUntil("the workers are there") {
        if program.hasEnded { throw HarnessError("it has ended before the disk was full: \(program.errors)") }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path + "/disk")
        guard let name = names.first(where: { $0.hasPrefix("attune-bench-") }) else { return false }
        sweep = directory.sweep("disk/\(name)/sweep")
        return sweep?.count(of: "worker_joined") ?? 0 >= 32
      }
      try disk.fill()
      try waitUntil("it says that it waits") {
        if program.hasEnded { throw HarnessError("it has ended before it saw the full disk: \(program.errors)") }
        return program.errors.contains("no space is left on the disk; the sweep waits")
      }
      let stored = try sweep?.succeeded().count
      usleep(1_500_000)
      #expect(try sweep?.succeeded().count == stored, "something was stored on a full disk")
      try disk.empty()
      let ended = try program.end()
      #expect(ended.exitCode == 0 && ended.errors.contains("the disk takes changes again; the sweep goes on"))
      let figures = try #require(JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any])
      // The audit: every trial once, every checkpoint there. Each worker has read one acknowledgement per result.
      #expect(figures["clean"] as? Bool == true, "\(figures["problems"] ?? "")")
      let succeeded = try #require(figures["succeeded"] as? Int)
      #expect(succeeded > 140_000 && figures["acknowledged"] as? Int == succeeded)
      // Commits of that size are the committer's, not the loop's.
      #expect(try #require(figures["commits"] as? Int) * 256 < succeeded)
    }
  }
}
