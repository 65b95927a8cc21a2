// Server-sent events (WHATWG HTML, "Server-sent events"): every page that looks on is told when there is something new.
// A page that does not take what it is sent gets the newest later, not all of it.
import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// Everyone who listens for events.
final class EventHub: Sendable {
  private struct State {
    var nextID = 0
    var listeners: [Int: AsyncStream<[UInt8]>.Continuation] = [:]
    /// Told to whoever comes.
    var latest: [UInt8] = []
    var isOver = false
  }

  private let state = Mutex(State())

  var count: Int { state.withLock { $0.listeners.count } }

  /// - data: one line.
  func publish(_ data: String) {
    let event = Array("data: \(data)\n\n".utf8)
    state.withLock { state in
      state.latest = event
      for listener in state.listeners.values { listener.yield(event) }
    }
  }

  /// A comment, so that a connection whose other end has gone is noticed.
  func breathe() {
    state.withLock { state in
      for listener in state.listeners.values { listener.yield(Array(":\n\n".utf8)) }
    }
  }

  /// Ends all streams.
  func close() {
    let listeners = state.withLock { state in
      state.isOver = true
      defer { state.listeners = [:] }
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.finish() }
  }

  /// Nil when `most` listen already.
  func listen(atMost most: Int) -> HTTPBodySequence? {
    let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(2))
    let id = state.withLock { state -> Int? in
      guard !state.isOver, state.listeners.count < most else { return nil }
      state.nextID += 1
      state.listeners[state.nextID] = continuation
      // A page that lost its connection asks again after this many milliseconds.
      continuation.yield(Array("retry: 2000\n\n".utf8) + state.latest)
      return state.nextID
    }
    guard let id else { return nil }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { state in _ = state.listeners.removeValue(forKey: id) }
    }
    return HTTPBodySequence(from: EventBytes(stream: stream))
  }
}

/// The stream's events as FlyingFox takes a body of unknown length.
private struct EventBytes: AsyncBufferedSequence {
  typealias Element = UInt8
  let stream: AsyncStream<[UInt8]>

  func makeAsyncIterator() -> Iterator { Iterator(events: stream.makeAsyncIterator()) }

  struct Iterator: AsyncBufferedIteratorProtocol {
    typealias Element = UInt8
    var events: AsyncStream<[UInt8]>.Iterator
    private var rest: ArraySlice<UInt8> = []

    init(events: AsyncStream<[UInt8]>.Iterator) { self.events = events }

    mutating func next() async -> UInt8? { await nextBuffer(suggested: 1)?.first }

    mutating func nextBuffer(suggested count: Int) async -> [UInt8]? {
      if rest.isEmpty {
        guard let event = await events.next() else { return nil }
        rest = event[...]
      }
      let part = Array(rest.prefix(Swift.max(count, 1)))
      rest = rest.dropFirst(part.count)
      return part
    }
  }
}
