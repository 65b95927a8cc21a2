// Files that are replaced whole: links stay, and what is no regular file is left alone.
import Foundation
import Store
import Testing

@Suite struct ReplaceFileTests {
  @Test func `a file is replaced and nothing is left beside it`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a"
    for text in ["one", "two"] {
      try replaceFile(path, with: text)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["a"])
  }

  @Test func `a link stays and the file it names is replaced`() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path + "/real", withIntermediateDirectories: true)
    try replaceFile(directory.path + "/real/file", with: "one")
    let link = directory.path + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "real/file")
    try replaceFile(link, with: "two")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "real/file")
    #expect(try String(contentsOfFile: directory.path + "/real/file", encoding: .utf8) == "two")
  }

  @Test func `a pipe, a directory, a device and a link to nowhere are refused and stay`() throws {
    let directory = try TemporaryDirectory()
    let pipe = directory.path + "/pipe", link = directory.path + "/link", device = directory.path + "/device"
    try #require(mkfifo(pipe, 0o600) == 0)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "nothing")
    try FileManager.default.createSymbolicLink(atPath: device, withDestinationPath: "/dev/null")
    let before = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
    for path in [pipe, link, device, directory.path] {
      let error = #expect(throws: StoreError.self) { try replaceFile(path, with: "x") }
      #expect(error?.description == "\(path): it is not a regular file; name another one")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == before)
  }

  @Test func `a file is no sweep to be read, and no other directory is proposed for it`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/file"
    try replaceFile(path, with: "x")
    let error = #expect(throws: StoreError.self) { _ = try SweepStore.forReading(path) }
    #expect(
      error?.description
        == "\(path): it is a file, and no sweep's directory; name the directory that `attune run` printed")
  }

  @Test func `directories are made with their parents, and not where they cannot be`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a/b"
    for _ in 1...2 { try makeDirectory(path) }
    let file = path + "/file"
    try replaceFile(file, with: "x")
    let occupied = #expect(throws: StoreError.self) { try makeDirectory(file) }
    #expect(occupied?.description == "\(file): it is a file; choose a directory with --out")
    let below = #expect(throws: StoreError.self) { try makeDirectory(file + "/c") }
    #expect(
      below?.description == "\(file)/c: making it failed: Not a directory; choose another place with --out")
  }
}
