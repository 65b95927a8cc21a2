// One connection through a proxy: two sockets and, for each direction, what is on its way.
import Foundation

final class ProxyConnection {
  /// One direction.
  struct Stream {
    let source: Int32
    let sink: Int32
    var splitter = MessageSplitter()
    /// Parts of messages, and when they may leave.
    var queue: [(due: ContinuousClock.Instant, bytes: [UInt8])] = []
    var queuedBytes = 0
    /// A message that lets the next one pass, if that comes soon.
    var swapped: (bytes: [UInt8], due: ContinuousClock.Instant)?
    /// Units held because of their type.
    var held: [MessageSplitter.Unit] = []
    var hasEnded = false
    /// It lost bytes, so that what follows would make no sense.
    var isDead = false
    var readAgainAt: ContinuousClock.Instant?
    var sinceFlip = 0
  }

  let worker: Int32
  let coordinator: Int32
  var streams: [Stream]
  /// Its place among the proxy's recordings.
  var recording: Int?

  init(worker: Int32, coordinator: Int32) {
    (self.worker, self.coordinator) = (worker, coordinator)
    streams = [Stream(source: worker, sink: coordinator), Stream(source: coordinator, sink: worker)]
  }

  /// - abruptly: with RST instead of FIN.
  func close(abruptly: Bool) {
    for descriptor in [worker, coordinator] {
      if abruptly { resetOnClose(descriptor) }
      Glibc.close(descriptor)
    }
  }
}

func resetOnClose(_ descriptor: Int32) {
  var option = linger(l_onoff: 1, l_linger: 0)
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
}

extension ProxyConnection.Stream {
  private static let mostQueued = 1 << 20

  func wantsToRead(_ rules: FaultRules, at now: ContinuousClock.Instant) -> Bool {
    !hasEnded && !rules.isHeld && queuedBytes < Self.mostQueued && (readAgainAt ?? now) <= now
  }

  func wantsToWrite(_ rules: FaultRules, at now: ContinuousClock.Instant) -> Bool {
    guard let first = queue.first else { return false }
    return !rules.isHeld && first.due <= now
  }

  /// Takes what the source has. False when the connection is over with an error.
  mutating func read(_ rules: inout FaultRules, at now: ContinuousClock.Instant, record: ([UInt8]) -> Void) -> Bool {
    var buffer = [UInt8](repeating: 0, count: rules.bytesPerSecond.map { max(1, min($0 / 20, 65536)) } ?? 65536)
    let count = recv(source, &buffer, buffer.count, 0)
    if count < 0 { return errno == EAGAIN || errno == EINTR }
    if count == 0 {
      hasEnded = true
      return true
    }
    if let rate = rules.bytesPerSecond { readAgainAt = now + .seconds(Double(count) / Double(rate)) }
    if rules.isSwallowed { isDead = true }
    guard !isDead else { return true }
    for unit in splitter.split(buffer.prefix(count)) {
      record(unit.bytes)
      if !held.isEmpty || rules.holdsFrom.map(unit.types.contains) == true {
        held.append(unit)
      } else {
        pass(unit, &rules, at: now)
      }
    }
    return true
  }

  mutating func release(_ rules: inout FaultRules, at now: ContinuousClock.Instant) {
    if let first = swapped, first.due <= now {
      swapped = nil
      enqueue(first.bytes, rules, at: now)
    }
    guard rules.holdsFrom == nil, !held.isEmpty else { return }
    let units = held
    held = []
    for unit in units { pass(unit, &rules, at: now) }
  }

  private mutating func pass(_ unit: MessageSplitter.Unit, _ rules: inout FaultRules, at now: ContinuousClock.Instant) {
    var unit = unit
    if let type = rules.corrupts, unit.types.contains(type) {
      // The end of the last frame: payload, whatever the lengths before it.
      unit.bytes[unit.bytes.count - 1] ^= 0x10
      rules.corrupts = nil
    }
    if let every = rules.flipsEvery {
      for index in unit.bytes.indices {
        sinceFlip += 1
        if sinceFlip == every {
          unit.bytes[index] ^= 0x04
          sinceFlip = 0
        }
      }
    }
    guard unit.isMessage else { return enqueue(unit.bytes, rules, at: now) }
    if rules.swaps, swapped == nil {
      swapped = (unit.bytes, now + .milliseconds(100))
      return
    }
    enqueue(unit.bytes, rules, at: now)
    if rules.repeats { enqueue(unit.bytes, rules, at: now) }
    if let other = swapped {
      swapped = nil
      enqueue(other.bytes, rules, at: now)
    }
  }

  private mutating func enqueue(_ bytes: [UInt8], _ rules: FaultRules, at now: ContinuousClock.Instant) {
    queue.append((now + rules.delay, bytes))
    queuedBytes += bytes.count
  }

  /// Hands on what is due. False when the connection is over: an error, or a cut that was asked for.
  mutating func write(_ rules: inout FaultRules, at now: ContinuousClock.Instant) -> Bool {
    while let first = queue.first, first.due <= now {
      let most = min(first.bytes.count, rules.cutsAfter ?? .max)
      let sent = first.bytes.withUnsafeBytes { send(sink, $0.baseAddress, most, Int32(MSG_NOSIGNAL)) }
      if sent < 0 { return errno == EAGAIN || errno == EINTR }
      queuedBytes -= sent
      if sent == first.bytes.count { queue.removeFirst() } else { queue[0].bytes.removeFirst(sent) }
      if let left = rules.cutsAfter {
        rules.cutsAfter = left - sent
        if left <= sent {
          rules.cutsAfter = nil
          return false
        }
      }
    }
    return true
  }
}
