// The dashboard that a coordinator starts beside itself, as a process of its own: whatever it is asked, and by whomever, the
// sweep neither waits for it nor shares its memory. It ends with the coordinator.
import Foundation
import Scheduling
import Shared

final class DashboardProcess {
  /// A dashboard that has ended is started again after this.
  private static let pause = Duration.seconds(10)
  private static let longestStart = 30

  private let directory: String
  private let place: String
  private var process: Process?
  /// Its end of the pipe that this process only holds open.
  private var life: Pipe?
  private var wishes: Pipe?
  private var unread: [UInt8] = []
  private var startAt: Duration?
  /// Where it listens, once it does.
  private(set) var address: String?

  /// Starts it and waits until it listens.
  init(directory: String, place: String) throws {
    (self.directory, self.place) = (directory, place)
    try start()
    guard awaitAddress() else {
      throw CommandFailure(
        "the dashboard could not be started at \(place); leave --dashboard out, or name another place")
    }
  }

  deinit { process?.terminate() }

  private func start() throws {
    let process = Process(), life = Pipe(), wishes = Pipe()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    // Started again it is where pages look for it, also where any free port was asked for.
    process.arguments = ["dashboard", directory, "--listen", address ?? place, "--attached"]
    process.standardInput = life
    process.standardOutput = wishes
    try process.run()
    _ = fcntl(wishes.fileHandleForReading.fileDescriptor, F_SETFL, O_NONBLOCK)
    (self.process, self.life, self.wishes, unread, startAt) = (process, life, wishes, [], nil)
  }

  private func awaitAddress() -> Bool {
    guard let descriptor else { return false }
    let deadline = ContinuousClock.now + .seconds(Self.longestStart)
    while ContinuousClock.now < deadline, address == nil {
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      _ = poll(&request, 1, 100)
      _ = takeActions()
      if self.process == nil { return false }
    }
    return address != nil
  }

  /// For the owner's poll list: readable when something is asked, or when the dashboard has ended.
  var descriptor: Int32? { process == nil ? nil : wishes?.fileHandleForReading.fileDescriptor }

  /// What was asked since; never waits.
  func takeActions() -> [DashboardAction] {
    guard let descriptor else { return [] }
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(descriptor, &bytes, bytes.count)
      if count > 0 {
        unread += bytes[..<count]
        // Nobody but the dashboard writes there, and its lines are short.
        if unread.count > 1 << 16 { unread = [] }
        continue
      }
      if count == 0 || errno != EAGAIN && errno != EINTR { process = nil }
      break
    }
    var actions: [DashboardAction] = []
    while let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: unread[..<end], as: UTF8.self)
      unread.removeFirst(end + 1)
      if line.hasPrefix("listening ") {
        address = String(line.dropFirst("listening ".count))
      } else if let action = DashboardAction(line: line) {
        actions.append(action)
      }
    }
    return actions
  }

  /// Starts it again a while after it has ended. Returns what to tell the user, if anything.
  func lookAfter(at now: Duration) -> String? {
    guard process == nil else { return nil }
    guard let startAt else {
      self.startAt = now + Self.pause
      return "the dashboard has ended; the sweep goes on, and the dashboard is started again"
    }
    if now >= startAt {
      self.startAt = now + Self.pause
      try? start()
    }
    return nil
  }
}

extension SweepService {
  /// Does what was asked by the dashboard, and sees to it that there is one.
  func lookAfterDashboard() {
    guard let dashboard else { return }
    for action in dashboard.takeActions() { handle(.request(action.request)) }
    if let news = dashboard.lookAfter(at: now) { display.note(news) }
  }
}

extension DashboardAction {
  fileprivate var request: OperatorRequest {
    switch self {
    case .pause: .pause(true)
    case .resume: .pause(false)
    case .cancel(let trial): .cancel(trial)
    case .retry(let trial): .retry(trial)
    case .drain(let session): .drain(session)
    }
  }
}
