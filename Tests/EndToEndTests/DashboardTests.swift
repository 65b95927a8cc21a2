// The dashboard beside a sweep that runs, asked as a page or a program asks it; what a browser makes of it is tested in
// BrowserTests.
import Foundation
import Shared
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Dashboards {
    /// Held up by a worker that is stopped, so that it runs for as long as a test wants.
    private struct Held {
      let directory = try! TestDirectory()
      let coordinator: RunningProgram
      let worker: RunningProgram
      let address: String

      @ProcessThread init(_ sweep: TinySweep = .faulty) throws {
        try directory.write(sweep.yaml, to: "tiny.yaml")
        let place = "ipc://\(directory.path)/s"
        coordinator = try RunningProgram(
          ["serve", "tiny.yaml", "--out", "out", "--bind", place, "--dashboard", "127.0.0.1:0"], in: directory)
        worker = try RunningProgram(
          ["--connect", place, "--slots", "1", "--threads", "1"], of: "attune-worker", in: directory)
        let program = coordinator
        var found: String?
        try waitUntil("the dashboard's address is told; so far \(program.errors)") {
          found = program.errors.components(separatedBy: "dashboard at http://").dropFirst().first
            .map { String($0.prefix { $0 != "/" }) }
          return found != nil
        }
        address = found ?? ""
      }

      func get(_ path: String, headers: [String] = []) throws -> HTTPReply { try ask("GET", path, headers) }
      func ask(_ method: String, _ path: String, _ headers: [String] = []) throws -> HTTPReply {
        try HTTPReply(method, path, at: address, headers: headers)
      }
      var token: String {
        get throws { try directory.read("out/dashboard.token").trimmingCharacters(in: .whitespacesAndNewlines) }
      }
      func overview() throws -> [String: Any] { try get("/api/v1/overview").object() }
    }

    @Test func `it follows a sweep that runs, and ends with its coordinator`() throws {
      let held = try Held(.long), out = held.directory.sweep()
      try waitUntil("a trial has ended") { out.count(of: "ended") >= 1 }
      try waitUntil("the dashboard shows it") { (try held.overview()["ended"] as? Int ?? 0) >= 1 }
      let trial = try held.get("/api/v1/trials/1").object()
      #expect(trial["trial"] as? Int == 1)
      let page = try held.get("/")
      #expect(page.status == 200 && page.body.contains("<title>Attune</title>"))
      #expect(page.headers.contains { $0.hasPrefix("Content-Security-Policy: default-src 'none'") })
      #expect(try held.get("/matrix").body.contains("data-cell"))
      #expect(try held.get("/metrics").body.contains("attune_trials{sweep=\"tiny\",state=\"succeeded\"}"))
      #expect(try held.get("/api/v1/cells/0").object()["candidates"] != nil)
      #expect(try held.coordinator.end().exitCode == 0)
      try waitUntil("nobody answers any more") { (try? held.get("/")) == nil }
    }

    @Test func `whoever has no token may look and not act; whoever has it pauses the sweep and lets it go on`() throws {
      let held = try Held(), out = held.directory.sweep()
      try waitUntil("a trial runs") { try out.trials().contains { $0.record.state == .running } }
      #expect(try held.ask("POST", "/api/v1/pause").status == 401)
      #expect(try held.get("/api/v1/overview", headers: ["Host: attacker.example"]).status == 403)
      let token = try held.token
      #expect(try held.ask("POST", "/api/v1/pause", ["Authorization: Bearer \(token)"]).status == 200)
      try waitUntil("it is paused") { try held.overview()["paused"] as? Bool == true }
      let granted = out.count(of: "granted")
      try waitUntil("what ran has ended") { try out.trials().allSatisfy { $0.record.state != .running } }
      #expect(out.count(of: "granted") == granted)
      #expect(try held.ask("POST", "/api/v1/resume", ["Authorization: Bearer \(token)"]).status == 200)
      try waitUntil("the next one is granted") { out.count(of: "granted") > granted }
      #expect(try held.coordinator.end().exitCode == 0)
      #expect(
        try attune(["digest", "out"], in: held.directory).output.contains(try TinySweep.faulty.undisturbedDigest))
    }

    @Test func `a trial that is tried again gives the same bits`() throws {
      let held = try Held(), out = held.directory.sweep()
      try waitUntil("a trial runs from a checkpoint on") {
        try out.trials().contains { $0.record.state == .running && ($0.checkpoint?.step ?? 0) > 0 }
      }
      let running = try #require(try out.trials().first { $0.record.state == .running }).record.id
      #expect(
        try held.ask("POST", "/api/v1/trials/\(running)/retry", ["Authorization: Bearer \(try held.token)"]).status
          == 200)
      #expect(try held.coordinator.end().exitCode == 0)
      #expect(
        try attune(["digest", "out"], in: held.directory).output.contains(try TinySweep.faulty.undisturbedDigest))
      let record = try #require(try out.trials().first { $0.record.id == running }?.record)
      #expect(record.attempts == 2 && record.failures == 0)
    }

    @Test func `a dashboard that is killed ends no sweep`() throws {
      let held = try Held(.long)
      let children = try String(
        contentsOfFile: "/proc/\(held.coordinator.processID)/task/\(held.coordinator.processID)/children",
        encoding: .utf8)
      let dashboard = try #require(children.split(separator: " ").compactMap { pid_t($0) }.first)
      kill(dashboard, SIGKILL)
      let ended = try held.coordinator.end()
      #expect(ended.exitCode == 0)
      #expect(ended.errors.contains("the dashboard has ended; the sweep goes on"))
    }

    @Test func `what asks wrongly is told what is allowed`() throws {
      let directory = try TestDirectory()
      let command = try TinySweep.long.command(in: directory)
      for (place, part) in [
        ("8080", "is no HOST:PORT; write for example 127.0.0.1:8080"),
        ("192.0.2.1:8080", "no dashboard can listen there"), ("there:80", "is no address of this machine"),
      ] {
        let ended = try attune(command + ["--dashboard", place], in: directory)
        #expect(ended.exitCode != 0 && ended.errors.contains(part), "\(place): \(ended.errors)")
      }
    }
  }
}

/// An answer over HTTP/1.1, asked for by a socket of its own so that every header is the test's.
struct HTTPReply {
  let status: Int
  let headers: [String]
  let body: String

  init(_ method: String, _ path: String, at address: String, headers: [String] = []) throws {
    let parts = address.split(separator: ":")
    guard parts.count == 2, let port = UInt16(parts[1]) else { throw HarnessError("no address: \(address)") }
    guard let descriptor = connectToLoopback(port) else { throw HarnessError("nobody listens at \(address)") }
    defer { close(descriptor) }
    _ = fcntl(descriptor, F_SETFL, 0)
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let host = headers.contains { $0.hasPrefix("Host:") } ? [] : ["Host: \(address)"]
    let lines = ["\(method) \(path) HTTP/1.1"] + host + headers + ["Content-Length: 0", "Connection: close"]
    let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
      throw HarnessError("\(address) takes no request")
    }
    var bytes: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { bytes += buffer[..<count] }
    let text = String(decoding: bytes, as: UTF8.self)
    let sides = text.components(separatedBy: "\r\n\r\n")
    let head = sides[0].components(separatedBy: "\r\n")
    guard let status = head.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw HarnessError("\(address) does not answer \(path)")
    }
    (self.status, self.headers) = (status, Array(head.dropFirst()))
    body = sides.dropFirst().joined(separator: "\r\n\r\n")
  }

  func object() throws -> [String: Any] {
    guard let object = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] else {
      throw HarnessError("no JSON object: \(status) \(body.prefix(200))")
    }
    return object
  }
}
