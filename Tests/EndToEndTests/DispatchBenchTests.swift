// `attune bench dispatch` on a small scale: everything that it counts agrees. Nothing here depends on how fast it was.
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
  }
}
