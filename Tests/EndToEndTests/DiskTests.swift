// Disks that are full or cannot be written to: nothing is lost, and the sweep goes on when it can.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite(.enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here")) struct Disks {
    @Test func `a disk that fills up: the sweep waits, says so, and goes on once there is space`() throws {
      let directory = try TestDirectory()
      let disk = try SmallDisk(in: directory, size: "600k")
      defer { disk.unmount() }
      let sweep = TinySweep.many, out = directory.sweep("disk/out")
      let program = try RunningProgram(try sweep.command(in: directory, out: "disk/out"), in: directory)
      try waitUntil("the disk is full") { program.errors.contains("no space is left on the disk") }
      let stored = try out.succeeded()
      #expect(stored.count < sweep.trialCount)
      try disk.resize("64m")
      let ended = try program.end()
      #expect(ended.exitCode == 0, "\(ended.errors)")
      #expect(ended.errors.contains("the disk takes changes again; the sweep goes on"))
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      let after = try out.succeeded()
      for (id, row) in stored { #expect(after[id] == row, "trial \(id) was repeated") }
      #expect(try attune(["audit", "disk/out"], in: directory).exitCode == 0)
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func `stopped while the disk is full: the same command finishes once there is space`(number: Int32) throws {
      let directory = try TestDirectory()
      let disk = try SmallDisk(in: directory, size: "600k")
      defer { disk.unmount() }
      let sweep = TinySweep.many, out = directory.sweep("disk/out")
      let command = try sweep.command(in: directory, out: "disk/out")
      let program = try RunningProgram(command, in: directory)
      try waitUntil("the disk is full") { program.errors.contains("no space is left on the disk") }
      program.signal(number)
      let stopped = try program.end()
      if number == SIGTERM {
        #expect(stopped.exitCode == 143, "\(stopped.errors)")
        #expect(stopped.errorLines.last?.contains("to go on: attune run") == true, "\(stopped.errors)")
      }
      try disk.resize("64m")
      let stored = try out.succeeded()
      let ended = try attune(command, in: directory)
      #expect(ended.exitCode == 0, "\(ended.errors)")
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      let after = try out.succeeded()
      for (id, row) in stored { #expect(after[id] == row, "trial \(id) was repeated") }
      #expect(try attune(["audit", "disk/out"], in: directory).exitCode == 0)
    }

    /// The sizes end in different places: no file, no tables, no log, no first trial.
    @Test(arguments: ["4k", "16k", "64k", "96k", "112k"])
    func `a disk without room for a beginning is refused in one line, and does later`(size: String) throws {
      let directory = try TestDirectory()
      let disk = try SmallDisk(in: directory, size: size)
      defer { disk.unmount() }
      let sweep = TinySweep()
      let command = try sweep.command(in: directory, out: "disk/out")
      let refused = try attune(command, in: directory)
      #expect(refused.exitCode == 1)
      #expect(refused.errorLines.count == 1, "\(refused.errors)")
      #expect(refused.errors.contains("disk/out"))
      #expect(refused.errors.contains("no space is left on the disk; free some, then run the same command again"))
      try disk.resize("64m")
      let ended = try attune(command, in: directory)
      #expect(ended.exitCode == 0, "\(ended.errors)")
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
    }

    @Test func `a disk that cannot be written to: running is refused, reading works`() throws {
      let directory = try TestDirectory()
      let disk = try SmallDisk(in: directory, size: "64m")
      defer { disk.unmount() }
      let sweep = TinySweep()
      let first = try attune(try sweep.command(in: directory, out: "disk/out"), in: directory)
      try disk.makeReadOnly()
      for out in ["disk/out", "disk/new/place"] {
        let refused = try attune(try sweep.command(in: directory, out: out), in: directory)
        #expect(refused.exitCode == 1)
        #expect(refused.errorLines.count == 1, "\(refused.errors)")
        #expect(refused.errors.contains("disk/"))
        #expect(
          refused.errors.contains("make it writable, or choose another directory with --out"), "\(refused.errors)")
      }
      let digest = try attune(["digest", "disk/out"], in: directory)
      #expect(try EndToEndTests.digest(in: digest.output) == EndToEndTests.digest(in: first.output))
      #expect(try attune(["audit", "disk/out"], in: directory).exitCode == 0)
      #expect(try attune(["report", "disk/out", "--out", "report"], in: directory).exitCode == 0)
      #expect(directory.contains("report/index.html"))
      let refused = try attune(["report", "disk/out"], in: directory)
      #expect(refused.exitCode == 1 && refused.errorLines.count == 1)
    }
  }
}

/// A file system of its own in `disk`, as large as it is told to be.
final class SmallDisk {
  private let path: String
  /// Goes after the file system in it.
  private let directory: TestDirectory

  init(in directory: TestDirectory, size: String, at name: String = "disk") throws {
    self.directory = directory
    path = directory.path + "/" + name
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard mount("tmpfs", path, "tmpfs", 0, "size=\(size)") == 0 else {
      throw HarnessError("\(path): mounting: \(String(cString: strerror(errno)))")
    }
  }

  func unmount() { umount2(path, Int32(MNT_DETACH)) }

  /// Leaves no byte free.
  func fill() throws {
    let file = open(path + "/filler", O_WRONLY | O_CREAT, 0o600)
    defer { close(file) }
    let bytes = [UInt8](repeating: 1, count: 4096)
    while write(file, bytes, bytes.count) > 0 {}
    guard errno == ENOSPC else { throw HarnessError("\(path): filling it: \(String(cString: strerror(errno)))") }
  }

  func empty() throws { try FileManager.default.removeItem(atPath: path + "/filler") }

  func resize(_ size: String) throws { try remount(0, "size=\(size)") }
  func makeReadOnly() throws { try remount(UInt(MS_RDONLY), "") }

  private func remount(_ flags: UInt, _ options: String) throws {
    guard mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT) | flags, options) == 0 else {
      throw HarnessError("\(path): mounting it anew: \(String(cString: strerror(errno)))")
    }
  }

  static let isPermitted: Bool = {
    guard let directory = try? TestDirectory() else { return false }
    guard let disk = try? SmallDisk(in: directory, size: "64k") else { return false }
    disk.unmount()
    return true
  }()
}
