// `attune dashboard`: a sweep's pages, for a sweep that runs or has ended. `attune run` and `attune serve` start it beside
// themselves with --dashboard.
internal import ArgumentParser
import Dashboard
import Foundation
import Shared
import Store

struct DashboardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard",
    abstract: "Show a sweep in a browser, while it runs or afterwards.",
    discussion: """
      Reads the sweep's directory and serves pages that follow it: the matrix filling up, workers, trials with their curves, \
      events. /api/v1/openapi.json describes the same as JSON, /metrics is for Prometheus. Nothing is loaded from \
      elsewhere. On loopback anyone on this machine may look; from other machines the token in DIR/dashboard.token is \
      needed, once, as ?token=TOKEN behind the address. The pages can act, pause or cancel for example, only where \
      `attune run` or `attune serve` was started with --dashboard, and only with the token. Use an ssh tunnel or a proxy \
      with TLS across networks: what is sent is not encrypted.

      Example:
        attune dashboard runs/quickstart --listen 127.0.0.1:8080
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  @Option(help: ArgumentHelp("Where to listen; port 0 takes a free one.", valueName: "host:port"))
  var listen = "127.0.0.1:8080"

  /// Started by a coordinator: standard input ends with it, and standard output takes what is asked of it.
  @Flag(help: .hidden)
  var attached = false

  /// Pages are told of news this often at most; reading a large sweep anew takes no more than a sixth of a core.
  private static let interval = Duration.seconds(1)
  private static let readingShare = 5
  /// Without a page that looks on, reading goes on for so long after the last request.
  private static let interest = Duration.seconds(15)
  private static let breath = Duration.seconds(10)

  func validate() throws {
    try requireSweepName(directory)
    try requireListenAddress(listen, "--listen")
  }

  func run() throws {
    let feed = DashboardFeed(directory: directory)
    _ = feed.refresh()
    if let problem = feed.problem { throw CommandFailure(problem) }
    if attached {
      // Ctrl-C is for the coordinator, which ends this process when it has stopped.
      signal(SIGINT, SIG_IGN)
      signal(SIGPIPE, SIG_IGN)
    }
    let answers = DashboardAnswers(feed, actions: attached ? DashboardActions(descriptor: 1) : nil)
    let token = try DashboardToken(in: feed.directory.path)
    let server = try DashboardServer(at: try ListenAddress(listen), token: token.text, content: answers)
    if attached {
      print("listening \(server.address)")
    } else {
      print("dashboard  http://\(server.address)/")
      if !server.address.isLoopback { print("token      \(token.path)") }
    }
    try flushOutput()
    serve(server, feed, answers)
    server.stop()
  }

  /// Follows the sweep until whoever started this has ended.
  private func serve(_ server: DashboardServer, _ feed: DashboardFeed, _ answers: DashboardAnswers) {
    var told: String?, nextReading = ContinuousClock.now, nextBreath = ContinuousClock.now + Self.breath
    while !parentHasEnded(within: Self.interval) {
      let now = ContinuousClock.now
      guard server.isLookedAt(within: Self.interest) else { continue }
      if now >= nextReading, let took = feed.refresh() { nextReading = now + took * (1 + Self.readingShare) }
      if let news = answers.news(), news != told {
        server.publish(news)
        (told, nextBreath) = (news, now + Self.breath)
      } else if now >= nextBreath {
        server.breathe()
        nextBreath = now + Self.breath
      }
    }
  }

  private func parentHasEnded(within time: Duration) -> Bool {
    guard attached else {
      usleep(useconds_t(time / .microseconds(1)))
      return false
    }
    var request = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, Int32(time / .milliseconds(1))) > 0
  }
}

/// DIR/dashboard.token: who can read it may act, and look from other machines. Made once, for its owner only.
struct DashboardToken {
  let path: String
  let text: String

  init(in directory: String) throws {
    path = directory + "/dashboard.token"
    if let known = try? String(contentsOfFile: path, encoding: .utf8) {
      text = known.trimmingCharacters(in: .whitespacesAndNewlines)
      guard text.count >= 32 else {
        throw CommandFailure("\(path): it holds no token; remove it, and a new one is made")
      }
      return
    }
    // The system's generator, which cryptography may rely on (getrandom(2)).
    var generator = SystemRandomNumberGenerator()
    text = hexadecimal((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw CommandFailure(
        "\(path): it cannot be made (\(String(cString: strerror(errno)))); the dashboard needs it to know its owner")
    }
    defer { close(descriptor) }
    let line = Array((text + "\n").utf8)
    guard line.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == line.count else {
      unlink(path)
      throw CommandFailure("\(path): it cannot be written (\(String(cString: strerror(errno))))")
    }
  }
}

/// - flag: where it stands.
func requireListenAddress(_ text: String?, _ flag: String) throws {
  guard let text else { return }
  do throws(DashboardError) { _ = try ListenAddress(text) } catch { throw ValidationError("\(flag): \(error)") }
}
