// A real browser without a window, driven over pipes by its DevTools protocol: what a reader of a page would see, what its
// console says, and everything that it asks the network for. Source: chromedevtools.github.io/devtools-protocol.
import Foundation
import Testing

@ProcessThread final class HeadlessBrowser {
  /// Debian's chromium, or one under another of its names.
  nonisolated static let program =
    ["chromium", "chromium-browser", "google-chrome"].lazy.compactMap(installedProgram).first
  nonisolated static let isInstalled = program != nil
  nonisolated static let absence: Comment =
    "no chromium on the PATH: `scripts/setup chromium` installs it where it may, `make test` tries to"

  private let processID: pid_t
  private let commands: Int32
  private let answers: Int32
  private var received = Data()
  private var number = 0
  private var session: String?
  /// Errors of the console and exceptions nobody caught.
  private(set) var problems: [String] = []
  /// Addresses that the page asked for, in their order.
  private(set) var requests: [String] = []

  /// - directory: takes the browser's profile and errors.
  init(in directory: TestDirectory) throws {
    guard let program = Self.program else { throw HarnessError("there is no browser") }
    let (theirRead, ourWrite) = try Self.pipe()
    let (ourRead, theirWrite) = try Self.pipe()
    (commands, answers) = (ourWrite, ourRead)
    defer { for descriptor in [theirRead, theirWrite] { close(descriptor) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, directory.path + "/browser.err", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, theirRead, 3)
    posix_spawn_file_actions_adddup2(&actions, theirWrite, 4)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var arguments = [
      program, "--headless", "--remote-debugging-pipe", "--user-data-dir=\(directory.path)/profile", "--disable-gpu",
      "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    // Chromium's sandbox cannot be set up by root.
    if geteuid() == 0 { arguments.append("--no-sandbox") }
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let code = withoutSpawning { posix_spawn(&child, program, &actions, &attributes, &words, environ) }
    guard code == 0 else { throw HarnessError("\(program): \(String(cString: strerror(code)))") }
    processID = child
    let target = try send("Target.createTarget", ["url": "about:blank"])["targetId"] as? String
    let attached = try send("Target.attachToTarget", ["targetId": target ?? "", "flatten": true])
    session = try #require(attached["sessionId"] as? String)
    for domain in ["Page", "Runtime", "Log", "Network"] { _ = try send("\(domain).enable") }
  }

  deinit {
    for descriptor in [commands, answers] { close(descriptor) }
    kill(-processID, SIGKILL)
    var ignored: Int32 = 0
    waitpid(processID, &ignored, 0)
  }

  /// Both ends above the numbers that the browser knows its pipes by.
  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else { throw HarnessError("no pipe: \(String(cString: strerror(errno)))") }
    let high = ends.map { fcntl($0, F_DUPFD_CLOEXEC, 10) }
    for end in ends { close(end) }
    return (high[0], high[1])
  }

  /// Sends a command and returns its result; what happens meanwhile is kept.
  @discardableResult
  func send(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
    number += 1
    var message: [String: Any] = ["id": number, "method": method, "params": parameters]
    if let session { message["sessionId"] = session }
    var bytes = Array(try JSONSerialization.data(withJSONObject: message)) + [0]
    while !bytes.isEmpty {
      let count = write(commands, bytes, bytes.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw HarnessError("the browser is gone before \(method)") }
      bytes.removeFirst(count)
    }
    while true {
      let answer = try next(before: .seconds(60), what: method)
      guard answer["id"] as? Int == number else { continue }
      if let error = answer["error"] as? [String: Any] { throw HarnessError("\(method): \(error["message"] ?? error)") }
      return answer["result"] as? [String: Any] ?? [:]
    }
  }

  private func next(before limit: Duration, what: String) throws -> [String: Any] {
    let end = ContinuousClock.now + limit
    while true {
      if let place = received.firstIndex(of: 0) {
        let message = Data(received[received.startIndex..<place])
        received = Data(received[(place + 1)...])
        let json = try #require(try JSONSerialization.jsonObject(with: message) as? [String: Any])
        note(json)
        return json
      }
      var request = pollfd(fd: answers, events: Int16(POLLIN), revents: 0)
      guard ContinuousClock.now < end else { throw HarnessError("the browser did not answer \(what)") }
      guard poll(&request, 1, 1000) > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(answers, &buffer, buffer.count)
      guard count > 0 else { throw HarnessError("the browser ended during \(what)") }
      received.append(contentsOf: buffer[..<count])
    }
  }

  private func note(_ event: [String: Any]) {
    let parameters = event["params"] as? [String: Any] ?? [:]
    switch event["method"] as? String {
    case "Network.requestWillBeSent":
      requests.append((parameters["request"] as? [String: Any])?["url"] as? String ?? "?")
    case "Runtime.exceptionThrown":
      let details = parameters["exceptionDetails"] as? [String: Any]
      let exception = details?["exception"] as? [String: Any]
      problems.append("\(exception?["description"] ?? details?["text"] ?? "exception")")
    case "Runtime.consoleAPICalled" where ["error", "warning"].contains(parameters["type"] as? String):
      problems.append("console: \(parameters["args"] ?? "")")
    case "Log.entryAdded":
      let entry = parameters["entry"] as? [String: Any]
      if entry?["level"] as? String == "error" { problems.append("\(entry?["text"] ?? "error")") }
    default: break
    }
  }
}

extension HeadlessBrowser {
  /// Opens an address and waits until the page and its scripts have run.
  func open(_ address: String, width: Int = 1300, height: Int = 1000) throws {
    try send(
      "Emulation.setDeviceMetricsOverride",
      ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": false])
    try send("Page.navigate", ["url": address])
    let loaded = "complete \(address.prefix { $0 != "#" })"
    try waitUntil("\(address) has loaded", limit: .seconds(30)) {
      try text("document.readyState + ' ' + location.href.split('#')[0]") == loaded
    }
  }

  /// The value of an expression in the page.
  func evaluate(_ expression: String) throws -> Any? {
    let answer = try send(
      "Runtime.evaluate", ["expression": expression, "returnByValue": true, "awaitPromise": true])
    if let details = answer["exceptionDetails"] as? [String: Any] {
      throw HarnessError("\(expression): \((details["exception"] as? [String: Any])?["description"] ?? details)")
    }
    return (answer["result"] as? [String: Any])?["value"]
  }

  func text(_ expression: String) throws -> String { try evaluate("String(\(expression))") as? String ?? "" }
  func number(_ expression: String) throws -> Int { try Int(text(expression)) ?? -1 }
  func isTrue(_ expression: String) throws -> Bool { try text("!!(\(expression))") == "true" }

  /// Presses and releases the mouse in the middle of the first element that `selector` finds.
  func click(_ selector: String) throws {
    let place = try text(
      """
      (function () { var e = document.querySelector(\(quoted(selector))); e.scrollIntoView({block: "center"});
      var r = e.getBoundingClientRect(); return (r.left + r.width / 2) + " " + (r.top + r.height / 2); })()
      """)
    let parts = place.split(separator: " ").compactMap { Double($0) }
    try #require(parts.count == 2, "\(selector) is nowhere")
    for type in ["mousePressed", "mouseReleased"] {
      try send(
        "Input.dispatchMouseEvent", ["type": type, "x": parts[0], "y": parts[1], "button": "left", "clickCount": 1])
    }
  }

  /// A key by its name: `ArrowLeft`, `Escape`, `Enter`.
  func press(_ key: String) throws {
    let codes = ["Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40]
    for type in ["keyDown", "keyUp"] {
      var event: [String: Any] = ["type": type, "key": key, "code": key, "windowsVirtualKeyCode": codes[key] ?? 0]
      if key == "Enter", type == "keyDown" { event["text"] = "\r" }
      try send("Input.dispatchKeyEvent", event)
    }
  }

  /// - scheme: `light` or `dark`; - medium: `screen` or `print`.
  func prefer(_ scheme: String, medium: String = "screen") throws {
    try send(
      "Emulation.setEmulatedMedia",
      ["media": medium, "features": [["name": "prefers-color-scheme", "value": scheme]]])
  }

  /// Kept under .build/screenshots, where CI finds it.
  func screenshot(_ name: String) throws {
    let answer = try send("Page.captureScreenshot", ["format": "png"])
    let data = try #require((answer["data"] as? String).flatMap { Data(base64Encoded: $0) })
    let folder = FileManager.default.currentDirectoryPath + "/.build/screenshots"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try data.write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
  }

  private func quoted(_ text: String) -> String {
    (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}
