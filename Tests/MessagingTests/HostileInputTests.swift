// Whatever bytes arrive, decoding answers with a message or a ProtocolError: a trap would let any peer end the process.
// Seeded: the same bytes on every run.
import Messaging
import Shared
import Testing

/// SplitMix64. Source: Steele, Lea & Flood 2014.
struct SeededBits: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

@Suite struct HostileInputTests {
  let valid = Examples.worker.map { encode($0.message) } + Examples.coordinator.map { encode($0.message) }

  /// Reads `frames` as both directions; true when either was a message.
  private func reads(_ frames: [[UInt8]]) -> Bool {
    let worker = try? decodeWorkerMessage(frames), coordinator = try? decodeCoordinatorMessage(frames)
    // What can be read can be said again.
    if let worker { _ = encode(worker) }
    if let coordinator { _ = encode(coordinator) }
    return worker != nil || coordinator != nil
  }

  @Test func `random bytes never trap and are never a message`() {
    var bits = SeededBits(state: 1)
    for _ in 0..<20_000 {
      let frames = (0..<Int.random(in: 0...3, using: &bits)).map { _ in
        (0..<Int.random(in: 0...64, using: &bits)).map { _ in UInt8.random(in: 0...255, using: &bits) }
      }
      #expect(!reads(frames))
    }
  }

  @Test func `random bodies behind a valid header never trap`() {
    var bits = SeededBits(state: 2)
    for _ in 0..<20_000 {
      let body = (0..<Int.random(in: 0...48, using: &bits)).map { _ in UInt8.random(in: 0...255, using: &bits) }
      let type =
        Bool.random(using: &bits) ? UInt8.random(in: 0...12, using: &bits) : .random(in: 128...144, using: &bits)
      let frame = Array("ATTN".utf8) + [0, 1, 0, type, 0, 0, 0, UInt8(body.count)] + body
      _ = reads([frame])
      _ = reads([frame, body])
    }
  }

  @Test func `a message cut anywhere is refused`() {
    for frames in valid {
      for length in frames[0].indices { #expect(!reads([Array(frames[0].prefix(length))] + frames.dropFirst())) }
      #expect(!reads(frames + [[]]), "an extra frame")
      #expect(!reads(Array(frames.dropFirst())))
    }
  }

  @Test func `flipped bits never trap`() {
    var bits = SeededBits(state: 3)
    for frames in valid {
      for _ in 0..<1500 {
        var changed = frames
        for _ in 0..<Int.random(in: 1...4, using: &bits) {
          let frame = changed.indices.randomElement(using: &bits) ?? 0
          guard let place = changed[frame].indices.randomElement(using: &bits) else { continue }
          changed[frame][place] ^= 1 << UInt8.random(in: 0...7, using: &bits)
        }
        _ = reads(changed)
      }
    }
  }

  @Test func `bodies nested deeper than the limit are refused`() {
    // Field 1 of a heartbeat is a message; an unknown group nests without end.
    let nested = [UInt8](repeating: 0x7b, count: 200)
    let frame = Array("ATTN".utf8) + [0, 1, 0, 2, 0, 0, 0, UInt8(nested.count)] + nested
    #expect(throws: ProtocolError.self) { try decodeWorkerMessage([frame]) }
  }

  @Test func `unknown fields of a later version are ignored`() throws {
    var frame = encode(WorkerMessage.goodbye(reason: "done"))[0]
    frame += [0xf8, 0x3f, 0x01]  // field 1023, varint 1
    frame[11] += 3
    #expect(try decodeWorkerMessage([frame]) == .goodbye(reason: "done"))
  }

  @Test func `numbers outside their range are refused in words`() {
    var hello = Examples.hello
    hello.slots = 0
    expectRefusal(encode(.hello(hello)), "hello: slots is 0; a number from 1 to 1024 expected, the message was dropped")
    let address = TrialAddress(trial: TrialID(rawValue: -1), token: Examples.token, sequence: 1)
    expectRefusal(
      encode(.started(address)),
      "started: trial is -1; a number from 0 to 9223372036854775807 expected, the message was dropped")
    var chunk = Examples.chunk
    chunk.byteCount = chunk.offset + 1
    expectRefusal(
      encode(WorkerMessage.chunk(chunk)), "chunk: bytes is 5 long; at most 1 expected, the message was dropped")
    chunk.byteCount = .max
    expectRefusal(
      encode(WorkerMessage.chunk(chunk)),
      "chunk: byte_count is 9223372036854775807; a number from 0 to 1073741824 expected, the message was dropped")
  }

  @Test func `frames of something else are refused in words`() {
    expectRefusal([], "message has 0 frames; 1 or 2 expected: check that both ends run the same version of attune")
    expectRefusal(
      [Array("GET / HTTP/1.1".utf8)],
      "first frame (14 bytes) has no ATTN header: the peer is not attune, check its endpoint")
    var later = encode(WorkerMessage.heartbeat(held: []))
    later[0][5] = 2
    expectRefusal(later, "frame version is 2; this program reads 1: run the same version of attune on both ends")
    var longer = encode(WorkerMessage.heartbeat(held: []))
    longer[0][11] = 9
    expectRefusal(longer, "heartbeat: header declares a body of 9 bytes, frame holds 0; the message was dropped")
  }

  private func expectRefusal(_ frames: [[UInt8]], _ text: String) {
    do throws(ProtocolError) {
      let message = try decodeWorkerMessage(frames)
      Issue.record("\(message) was read; expected: \(text)")
    } catch {
      #expect(error.description == text)
    }
  }
}
