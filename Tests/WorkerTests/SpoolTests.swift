// The spool's files on a real disk: whole or not at all, checked when read, one owner, and problems in words.
import Foundation
import Messaging
import Shared
import Testing
import Training
import Worker

/// A directory of its own for every test, gone afterwards.
private final class SpoolDirectory {
  let path = NSTemporaryDirectory() + "/attune-spool-" + UUID().uuidString
  deinit { try? FileManager.default.removeItem(atPath: path) }
  var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0 != ".lock" }.sorted()
  }
}

@Suite struct SpoolTests {
  private func entry(_ trial: Int64 = 1, step: Int = 100, bytes: Int = 1000, isInterim: Bool = false) -> SpoolEntry {
    let last = checkpoint(step, bytes: bytes)
    let ending =
      isInterim
      ? WorkerMessage.released(address(9, trial), reason: "cut off", unclean: true)
      : .result(address(9, trial), result(last))
    return SpoolEntry(
      sweep: SweepID(rawValue: 5), attempt: attempt(trial), step: step, sequence: 8,
      messages: [.progress(address(3, trial), points: [point(step)], step: step, stepsPerSecond: 2)], checkpoint: last,
      conclusion: ending)
  }

  private func same(_ a: SpoolEntry, _ b: SpoolEntry) -> Bool { a.file == b.file }

  @Test func `what is kept is read back bit for bit by the next process`() throws {
    let directory = SpoolDirectory()
    let first = entry(1), second = entry(2, isInterim: true)
    do {
      let spool = try Spool(directory.path)
      #expect(spool.keep(first) == nil && spool.keep(second) == nil)
    }
    let (entries, damaged) = try Spool(directory.path).load()
    #expect(damaged.isEmpty && entries.count == 2)
    #expect(entries.contains { same($0, first) } && entries.contains { same($0, second) })
    #expect(entries.first { $0.attempt == attempt(1) }?.messages == first.messages)
  }

  @Test func `the next process knows whose spool it was`() throws {
    let directory = SpoolDirectory()
    let sessions = [7, 0xfeed_0000_0000_0001].map { WorkerSession(rawValue: $0) }
    var found: [WorkerSession?] = []
    for session in sessions { found.append(try Spool(directory.path, session: session).previousSession) }
    found.append(try Spool(directory.path).previousSession)
    #expect(found == [nil] + sessions)
    #expect(try Spool(directory.path).previousSession == nil)
  }

  @Test func `only the newest of an attempt is kept, and nothing after it was acknowledged`() throws {
    let directory = SpoolDirectory()
    let spool = try Spool(directory.path)
    _ = (spool.keep(entry(step: 10, isInterim: true)), spool.keep(entry(step: 20, isInterim: true)))
    #expect(directory.files.count == 1)
    #expect(try spool.load().entries.map(\.step) == [20])
    _ = spool.keep(entry(step: 30))
    #expect(try spool.load().entries.map(\.isInterim) == [false])
    spool.discard(attempt(), of: SweepID(rawValue: 6))
    #expect(directory.files.count == 1)
    spool.discard(attempt(), of: SweepID(rawValue: 5))
    #expect(directory.files.isEmpty)
  }

  @Test func `a file cut off anywhere is set aside and told, never used and never a crash`() throws {
    let directory = SpoolDirectory()
    let whole = entry(bytes: 40).file
    for length in 0..<whole.count {
      #expect(throws: (any Error).self) { try SpoolEntry(file: Array(whole[..<length])) }
    }
    let spool = try Spool(directory.path)
    _ = spool.keep(entry())
    let name = try #require(directory.files.first), path = directory.path + "/" + name
    #expect(truncate(path, 700) == 0)
    let (entries, damaged) = try spool.load()
    #expect(entries.isEmpty)
    #expect(
      damaged.map(\.text) == [
        "\(path): its checksum does not match its 700 bytes; renamed to \(name).damaged and left out"
      ])
    #expect(directory.files == [name + ".damaged"])
    #expect(try spool.load().damaged.isEmpty)
  }

  @Test func `every flipped bit is found`() throws {
    let whole = entry(bytes: 16).file
    for position in whole.indices {
      var bytes = whole
      bytes[position] ^= 1 << UInt8(position % 8)
      #expect(throws: (any Error).self, "byte \(position)") { try SpoolEntry(file: bytes) }
    }
  }

  @Test func `random bytes under a valid checksum are refused without a trap`() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var bytes = Array("ATSP".utf8) + [0, 0, 0, 1]
      bytes += (0..<Int.random(in: 0...120, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      bytes += Array(sha256Hex(bytes).utf8)
      #expect(throws: (any Error).self) { try SpoolEntry(file: bytes) }
    }
  }

  @Test func `what a process that ended while writing has left is removed, and the older file counts`() throws {
    let directory = SpoolDirectory()
    let spool = try Spool(directory.path)
    _ = spool.keep(entry(step: 10))
    let name = try #require(directory.files.first)
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: "\(directory.path)/\(name).partial"))
    #expect(try spool.load().entries.map(\.step) == [10])
    #expect(directory.files == [name])
  }

  @Test func `a second worker in the same spool is refused with the first one's process`() throws {
    let directory = SpoolDirectory()
    let first = try Spool(directory.path)
    let owner = "process \(getpid()) on \(ProcessInfo.processInfo.hostName)"
    #expect(throws: SpoolError.inUse(directory: directory.path, owner: owner)) { try Spool(directory.path) }
    #expect(
      SpoolError.inUse(directory: "d", owner: "process 12 on node7").description
        == "--spool d: process 12 on node7 uses it already; give every worker a directory of its own")
    withExtendedLifetime(first) {}
  }

  @Test func `workers without a spool of their own take the first that is free, with what is in it`() throws {
    let directory = SpoolDirectory()
    var first: Spool? = try Spool.firstFree(in: directory.path)
    let second = try Spool.firstFree(in: directory.path)
    #expect(first?.directory.hasSuffix("/1") == true && second.directory.hasSuffix("/2"))
    _ = first?.keep(entry())
    first = nil
    second.removeIfEmpty()
    #expect(directory.files == ["1"])
    let again = try Spool.firstFree(in: directory.path)
    #expect(again.directory.hasSuffix("/1"))
    #expect(try again.load().entries.count == 1)
  }

  @Test func `the directory is private and lies where the user's state belongs`() throws {
    let directory = SpoolDirectory()
    _ = try Spool(directory.path + "/deep/er")
    let mode = try FileManager.default.attributesOfItem(atPath: directory.path + "/deep/er")[.posixPermissions]
    #expect((mode as? NSNumber)?.intValue == 0o700)
    let endpoint = "tcp://node1:7400"
    #expect(
      defaultSpoolDirectory(environment: ["HOME": "/home/a"], host: "n", endpoint: endpoint)
        == "/home/a/.local/state/attune/spool/n/tcp___node1_7400")
    #expect(
      defaultSpoolDirectory(environment: ["XDG_STATE_HOME": "/s", "HOME": "/h"], host: "../x", endpoint: "ipc:///a/b")
        == "/s/attune/spool/.._x/ipc____a_b")
    #expect(defaultSpoolDirectory(environment: [:], host: "n", endpoint: endpoint) == nil)
  }

  @Test func `beyond the limit results push out checkpoints, and then stay in memory with a word`() throws {
    let directory = SpoolDirectory()
    let size = entry().file.count
    let spool = try Spool(directory.path, byteLimit: 2 * size + size / 2)
    #expect(spool.keep(entry(1, isInterim: true)) == nil && spool.keep(entry(2)) == nil)
    #expect(spool.keep(entry(3, isInterim: true)) == nil && directory.files.count == 2)
    #expect(spool.keep(entry(4)) == nil)
    #expect(try spool.load().entries.map(\.isInterim) == [false, false])
    #expect(spool.keep(entry(5))?.hasSuffix("until then results are kept in memory only") == true)
    #expect(spool.keep(entry(6)) == nil && spool.hasUnwritten)
    spool.discard(attempt(2), of: SweepID(rawValue: 5))
    spool.discard(attempt(6), of: SweepID(rawValue: 5))
    #expect(spool.retry() == "\(directory.path): results are kept on disk again" && !spool.hasUnwritten)
  }

  @Test func `a disk that takes nothing is told once in words, and again when it does`() throws {
    let directory = SpoolDirectory()
    let spool = try Spool(directory.path)
    try FileManager.default.moveItem(atPath: directory.path, toPath: directory.path + "-away")
    let told = spool.keep(entry(1))
    #expect(
      told == "\(directory.path): keeping a result failed (No such file or directory); give --spool a directory that "
        + "can be written to; until then results are kept in memory only")
    #expect(spool.keep(entry(2)) == nil && spool.retry() == nil)
    try FileManager.default.moveItem(atPath: directory.path + "-away", toPath: directory.path)
    #expect(spool.retry() == "\(directory.path): results are kept on disk again")
    #expect(try spool.load().entries.count == 2)
    #expect(
      SpoolError.system(code: EIO, place: "/s", doing: "keeping a result").description
        == "/s: the disk reports an error while keeping a result; check it, or start the worker with another --spool")
    #expect(
      SpoolError.system(code: ENOSPC, place: "/s", doing: "keeping a result").description
        == "/s: no space is left on the disk for keeping a result; free some, or start the worker with another --spool")
  }

  @Test(.enabled(if: canMount, "mounting a tmpfs is not permitted here"))
  func `a full disk keeps the older file whole, and takes the newer one when there is space`() throws {
    let directory = SpoolDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    #expect(mount("tmpfs", directory.path, "tmpfs", 0, "size=64k") == 0)
    defer { umount2(directory.path, Int32(MNT_DETACH)) }
    let spool = try Spool(directory.path)
    #expect(spool.keep(entry(step: 10)) == nil)
    #expect(spool.keep(entry(step: 20, bytes: 200_000))?.contains("no space is left on the disk") == true)
    #expect(try spool.load().entries.map(\.step) == [10])
    #expect(directory.files.count == 1)
    #expect(mount("tmpfs", directory.path, "tmpfs", UInt(MS_REMOUNT), "size=1m") == 0)
    #expect(spool.retry() == "\(directory.path): results are kept on disk again")
    #expect(try spool.load().entries.map(\.step) == [20])
  }

  @Test func `what nobody has asked for in a month is removed`() throws {
    let directory = SpoolDirectory()
    let spool = try Spool(directory.path)
    _ = spool.keep(entry())
    #expect(try spool.load(wallClock: .now + 29 * 86_400).entries.count == 1)
    #expect(try spool.load(wallClock: .now + 31 * 86_400).entries.isEmpty && directory.files.isEmpty)
  }
}

private let canMount: Bool = {
  let path = NSTemporaryDirectory() + "/attune-mount-" + UUID().uuidString
  guard mkdir(path, 0o700) == 0 else { return false }
  defer { rmdir(path) }
  guard mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0 else { return false }
  umount2(path, Int32(MNT_DETACH))
  return true
}()
