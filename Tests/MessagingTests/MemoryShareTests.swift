// How much memory a control group leaves, read from copies of the kernel's files.
import Foundation
import Messaging
import Testing

@Suite struct MemoryShareTests {
  private func limit(_ groups: String, _ files: [String: String]) throws -> Int? {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("groups-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for (path, text) in files {
      let file = root.appendingPathComponent(path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    return controlGroupLimit(groups: groups, root: root.path)
  }

  @Test func `the least limit of a group and those above it counts`() throws {
    let files = ["job/memory.max": "2147483648\n", "job/step/memory.max": "max\n", "memory.max": "8589934592\n"]
    #expect(try limit("0::/job/step\n", files) == 2_147_483_648)
    #expect(try limit("0::/elsewhere\n", files) == 8_589_934_592)
  }

  @Test func `version 1 is read from the hierarchy of memory`() throws {
    let groups = "5:cpu,cpuacct:/a\n4:memory,hugetlb:/a/b\n0::/\n"
    #expect(try limit(groups, ["memory/a/memory.limit_in_bytes": "1048576\n", "cpu/a/memory.max": "5\n"]) == 1_048_576)
  }

  @Test(arguments: ["", "0::/", "nonsense", "0::/a:b/../c"])
  func `without a limit there is none`(groups: String) throws {
    #expect(try limit(groups, ["memory.max": "max\n"]) == nil)
  }

  @Test func `a process has memory, and no more than its machine`() {
    #expect(availableMemoryBytes() > 64 << 20)
    #expect(availableMemoryBytes() <= Int(ProcessInfo.processInfo.physicalMemory))
  }
}
