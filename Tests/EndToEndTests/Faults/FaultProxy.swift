// A TCP proxy between workers and a coordinator that delays, throttles, resets, cuts, swallows, repeats and changes what
// passes, as it is told while it runs. One thread with poll; no dependency.
import Foundation
import Synchronization

final class FaultProxy: Sendable {
  /// Where workers connect.
  let port: UInt16
  private let loop: ProxyLoop

  init(to target: UInt16) throws {
    loop = try ProxyLoop(target: target)
    port = loop.port
    let loop = loop
    Thread.detachNewThread { loop.run() }
  }

  deinit { loop.tell { $0.stops = true } }

  /// What happens to messages of workers.
  func setToCoordinator(_ rules: FaultRules) { loop.tell { $0.rules[0] = rules } }
  /// What happens to messages of the coordinator.
  func setToWorkers(_ rules: FaultRules) { loop.tell { $0.rules[1] = rules } }
  func setBoth(_ rules: FaultRules) { loop.tell { $0.rules = [rules, rules] } }
  func setToCoordinator(_ change: (inout FaultRules) -> Void) {
    var rules = FaultRules()
    change(&rules)
    setToCoordinator(rules)
  }
  func setToWorkers(_ change: (inout FaultRules) -> Void) {
    var rules = FaultRules()
    change(&rules)
    setToWorkers(rules)
  }
  func setBoth(_ change: (inout FaultRules) -> Void) {
    var rules = FaultRules()
    change(&rules)
    setBoth(rules)
  }
  /// Lets everything pass again. Connections that lost bytes stay dead, as behind a router that forgot them.
  func heal() { loop.tell { ($0.rules, $0.refuses) = ([.none, .none], false) } }
  /// New connections are reset at once.
  func refuse() { loop.tell { $0.refuses = true } }
  /// Resets every connection that stands.
  func reset() { loop.tell { $0.resets = true } }

  /// Whether a message is being held because of its type.
  var isHolding: Bool { loop.state.withLock { $0.isHolding } }
  /// Whether a change that happens once (`cutsAfter`, `corrupts`) still waits for its moment.
  var isPending: Bool {
    loop.state.withLock { $0.rules.contains { $0.cutsAfter != nil || $0.corrupts != nil } }
  }
  var connectionCount: Int { loop.state.withLock { $0.connections } }
  /// From the next connection on keeps what workers send.
  func record() { loop.tell { $0.records = true } }
  /// What was recorded, one per connection.
  var recordings: [[UInt8]] { loop.state.withLock { $0.recordings } }
}

struct ProxyState: Sendable {
  /// To the coordinator, to the workers.
  var rules = [FaultRules.none, .none]
  var refuses = false
  var resets = false
  var stops = false
  var isHolding = false
  var connections = 0
  var records = false
  var recordings: [[UInt8]] = []
}

private final class ProxyLoop: Sendable {
  let port: UInt16
  let state = Mutex(ProxyState())
  private let target: UInt16
  private let listener: Int32
  private let wakeRead: Int32
  private let wakeWrite: Int32
  private static let mostRecorded = 4 << 20
  private static let mostRecordings = 16

  init(target: UInt16) throws {
    self.target = target
    (listener, port) = try listenOnLoopback()
    var ends: [Int32] = [0, 0]
    let made = withoutSpawning {
      guard pipe(&ends) == 0 else { return false }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return true
    }
    guard made else { throw HarnessError("no pipe for a proxy") }
    for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    (wakeRead, wakeWrite) = (ends[0], ends[1])
  }

  deinit { for descriptor in [listener, wakeRead, wakeWrite] { close(descriptor) } }

  func tell(_ change: (inout ProxyState) -> Void) {
    state.withLock { change(&$0) }
    var byte: UInt8 = 1
    _ = write(wakeWrite, &byte, 1)
  }

  func run() {
    var connections: [ProxyConnection] = []
    while true {
      let now = ContinuousClock.now
      var told = state.withLock { state in
        defer { state.resets = false }
        return state
      }
      if told.resets || told.stops {
        for connection in connections { connection.close(abruptly: true) }
        connections = []
      }
      if told.stops { return }
      let ready = wait(connections, told, now)
      let later = ContinuousClock.now
      let before = told.rules
      for (number, connection) in connections.enumerated().reversed() {
        let canRead = [ready[1 + 4 * number], ready[3 + 4 * number]]
        if !serve(connection, canRead, &told.rules, later) {
          connection.close(abruptly: true)
          connections.remove(at: number)
        } else if connection.streams.contains(where: { $0.hasEnded && $0.queue.isEmpty }) {
          connection.close(abruptly: false)
          connections.remove(at: number)
        }
      }
      finishTurn(connections, told, before: before)
      // After all others: `ready` does not tell of new ones.
      if ready[0] { accept(into: &connections, refuses: told.refuses) }
    }
  }

  /// What happens once has happened: it is taken out of the rules.
  private func finishTurn(_ connections: [ProxyConnection], _ told: ProxyState, before: [FaultRules]) {
    let holding = connections.contains { $0.streams.contains { !$0.held.isEmpty } }
    let count = connections.count
    state.withLock { state in
      for index in 0...1 {
        let (old, new) = (before[index], told.rules[index])
        if old.corrupts != new.corrupts { state.rules[index].corrupts = new.corrupts }
        if old.cutsAfter != new.cutsAfter { state.rules[index].cutsAfter = new.cutsAfter }
      }
      (state.isHolding, state.connections) = (holding, count)
    }
  }

  /// Moves bytes both ways; false when the connection is over.
  private func serve(
    _ connection: ProxyConnection, _ canRead: [Bool], _ rules: inout [FaultRules], _ now: ContinuousClock.Instant
  ) -> Bool {
    for index in 0...1 {
      connection.streams[index].release(&rules[index], at: now)
      if canRead[index], connection.streams[index].wantsToRead(rules[index], at: now) {
        let isOpen = connection.streams[index].read(&rules[index], at: now) { bytes in
          if index == 0 { record(bytes, connection) }
        }
        if !isOpen { return false }
      }
      if connection.streams[index].wantsToWrite(rules[index], at: now) {
        guard connection.streams[index].write(&rules[index], at: now) else { return false }
      }
    }
    return true
  }

  private func record(_ bytes: [UInt8], _ connection: ProxyConnection) {
    state.withLock { state in
      guard state.records else { return }
      if connection.recording == nil {
        guard state.recordings.count < Self.mostRecordings else { return }
        connection.recording = state.recordings.count
        state.recordings.append([])
      }
      guard let index = connection.recording, state.recordings[index].count < Self.mostRecorded else { return }
      state.recordings[index] += bytes
    }
  }

  /// Waits for whatever comes first. Returns readiness: the listener, then for each connection the worker's side to be read
  /// and written, and the coordinator's.
  private func wait(_ connections: [ProxyConnection], _ told: ProxyState, _ now: ContinuousClock.Instant) -> [Bool] {
    var requests = [
      pollfd(fd: wakeRead, events: Int16(POLLIN), revents: 0), pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
    ]
    var timeout = Duration.seconds(10)
    for connection in connections {
      for (index, stream) in connection.streams.enumerated() {
        let other = connection.streams[1 - index]
        var events: Int16 = 0
        if stream.wantsToRead(told.rules[index], at: now) { events |= Int16(POLLIN) }
        if other.wantsToWrite(told.rules[1 - index], at: now) { events |= Int16(POLLOUT) }
        // A descriptor without wishes is left out: poll would report its end again and again.
        requests.append(pollfd(fd: events == 0 ? -1 : stream.source, events: events, revents: 0))
        if let due = stream.queue.first?.due, due > now, !told.rules[index].isHeld { timeout = min(timeout, due - now) }
        if let due = stream.swapped?.due { timeout = min(timeout, max(due - now, .zero)) }
        if let again = stream.readAgainAt, again > now { timeout = min(timeout, again - now) }
      }
    }
    _ = poll(&requests, nfds_t(requests.count), Int32(max(1, (timeout / .milliseconds(1)).rounded(.up))))
    var bytes = [UInt8](repeating: 0, count: 256)
    if requests[0].revents != 0 { while Glibc.read(wakeRead, &bytes, bytes.count) > 0 {} }
    var ready = [requests[1].revents != 0]
    for request in requests.dropFirst(2) {
      let isOver = request.revents & Int16(POLLHUP | POLLERR) != 0
      ready += [request.revents & Int16(POLLIN) != 0 || isOver, request.revents & Int16(POLLOUT) != 0]
    }
    return ready
  }

  private func accept(into connections: inout [ProxyConnection], refuses: Bool) {
    while true {
      let worker = withoutSpawning {
        let worker = Glibc.accept(listener, nil, nil)
        _ = fcntl(worker, F_SETFD, FD_CLOEXEC)
        return worker
      }
      guard worker >= 0 else { return }
      _ = fcntl(worker, F_SETFL, O_NONBLOCK)
      guard !refuses, let coordinator = connectToLoopback(target) else {
        resetOnClose(worker)
        close(worker)
        continue
      }
      connections.append(ProxyConnection(worker: worker, coordinator: coordinator))
    }
  }
}
