// Lines of log.jsonl, names of directories, and the private directory of a run.
import Coordinator
import Foundation
import Scheduling
import Shared
import Testing

@Suite struct LogAndNameTests {
  @Test func `an event is one line of JSON with its time and what it is about`() throws {
    let path = NSTemporaryDirectory() + "attune-log-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let log = EventLog(path: path) { Date(timeIntervalSince1970: 1_700_000_000.25) }
    log.write(
      SchedulingNote.granted(
        TrialID(rawValue: 17), LeaseToken(epoch: 3, counter: 41), to: WorkerSession(rawValue: 255), threads: 2,
        fromStep: 400))
    log.write(SchedulingNote.ended(TrialID(rawValue: 17), .failed, reason: "a \"bad\"\nline"))
    log.flush()
    #expect(
      try String(contentsOfFile: path, encoding: .utf8) == """
        {"event":"granted","step":400,"threads":2,"time":"2023-11-14T22:13:20.250Z","token":"3.41","trial":17,\
        "worker":"00000000000000ff"}
        {"event":"ended","reason":"a \\"bad\\"\\nline","state":"failed","time":"2023-11-14T22:13:20.250Z","trial":17}

        """)
  }

  @Test func `a log that has grown to its limit is begun anew, and the one before is kept`() throws {
    let directory = NSTemporaryDirectory() + "attune-logs-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let log = EventLog(path: directory + "/log.jsonl", sizeLimit: 200) { Date(timeIntervalSince1970: 0) }
    for _ in 0..<20 {
      log.write(LogLine("event"))
      log.flush()
    }
    func lines(_ name: String) throws -> [Substring] {
      try String(contentsOfFile: directory + "/" + name, encoding: .utf8).split(separator: "\n")
    }
    // 53 bytes a line, so three of them in a file.
    let older = try lines("log.1.jsonl"), newer = try lines("log.jsonl")
    #expect(older.count == 3 && newer.count == 2)
    #expect((older + newer).allSatisfy { $0 == "{\"event\":\"event\",\"time\":\"1970-01-01T00:00:00.000Z\"}" })
  }

  @Test(arguments: [
    ("quickstart", "quickstart"), ("a b/c", "a-b-c"), ("../../etc", "-..-etc"), ("...", "sweep"), ("größe", "gr--e"),
    ("", "sweep"),
  ])
  func `a manifest's name becomes one directory's name`(name: String, expected: String) {
    #expect(fileName(for: name) == expected)
  }

  @Test func `a run's private directory is for its owner only, short, and gone afterwards`() throws {
    var path = ""
    do {
      let directory = try RuntimeDirectory()
      path = directory.path
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o700)
      #expect(directory.socket.utf8.count <= 107)
      // Another run leaves it alone while it is in use.
      let other = try RuntimeDirectory()
      #expect(other.path != path)
      #expect(FileManager.default.fileExists(atPath: path))
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
