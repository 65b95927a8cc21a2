// What a path may name: sizes, kinds of files, bytes that are no text.
import Foundation
import Manifests
import Testing

@Suite struct ManifestFileTests {
  /// Runs `body` with the path of a file that does not exist yet, in a directory of its own.
  private func withPath(_ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("manifest-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory.appendingPathComponent("b.yaml").path)
  }

  private func refusal(at path: String) -> String? {
    do {
      _ = try loadManifest(at: path)
      return nil
    } catch { return error.description }
  }

  @Test func `a manifest is read and kept byte for byte`() throws {
    try withPath { path in
      try smallest.write(toFile: path, atomically: false, encoding: .utf8)
      let plan = try loadManifest(at: path).plan
      #expect(plan.source == smallest)
      #expect(plan.name == "b")
    }
  }

  @Test func `a file of 100 MB is refused by its size`() throws {
    try withPath { path in
      #expect(FileManager.default.createFile(atPath: path, contents: nil))
      let handle = try #require(FileHandle(forWritingAtPath: path))
      try handle.truncate(atOffset: 100_000_000)
      try handle.close()
      #expect(refusal(at: path) == "\(path): the file has 100000000 bytes; a manifest has at most 4194304 (4 MiB)")
    }
  }

  @Test func `an endless file is refused`() {
    #expect(
      refusal(at: "/dev/zero")
        == "/dev/zero: this is not a regular file; name a manifest, such as sweeps/quickstart.yaml")
  }

  @Test func `a named pipe is refused without waiting for a writer`() throws {
    try withPath { path in
      try #require(mkfifo(path, 0o600) == 0)
      #expect(
        refusal(at: path) == "\(path): this is not a regular file; name a manifest, such as sweeps/quickstart.yaml")
    }
  }

  @Test func `a directory and a missing file are refused`() throws {
    try withPath { path in
      #expect(refusal(at: path) == "\(path): there is no such file; name a manifest, such as sweeps/quickstart.yaml")
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      #expect(refusal(at: path) == "\(path): this is a directory; name a manifest, such as sweeps/quickstart.yaml")
      #expect(
        refusal(at: "/dev/null/a.yaml")
          == "/dev/null/a.yaml: the file cannot be read: Not a directory; check the path and its permissions")
    }
  }

  @Test func `bytes that are no UTF-8 are refused`() throws {
    try withPath { path in
      try Data([0x6D, 0xFF, 0xFE, 0x00]).write(to: URL(fileURLWithPath: path))
      #expect(refusal(at: path) == "\(path): this is not UTF-8 text; save the manifest as plain UTF-8")
    }
  }

  @Test func `an empty file is refused`() throws {
    try withPath { path in
      try Data().write(to: URL(fileURLWithPath: path))
      #expect(refusal(at: path) == "\(path): the manifest is empty; write at least method and parameters")
    }
  }
}
