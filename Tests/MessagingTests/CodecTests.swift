// Every message's wire form: pinned bytes, round trips, and errors word for word.
// A pinned example that changes means that old and new programs no longer understand each other.
import Messaging
import Shared
import Testing

@Suite struct CodecTests {
  @Test func `every worker message survives the wire bit for bit`() throws {
    for (name, message) in Examples.worker {
      let frames = encode(message)
      // Compared as bytes: NaN equals nothing as a number.
      #expect(encode(try decodeWorkerMessage(frames)) == frames, "\(name)")
    }
  }

  @Test func `every coordinator message survives the wire`() throws {
    for (name, message) in Examples.coordinator {
      #expect(try decodeCoordinatorMessage(encode(message)) == message, "\(name)")
    }
  }

  @Test func `encoded examples are those of protocol version 1`() {
    let encoded =
      Examples.worker.map { "worker \($0.name): \(pinned(encode($0.message)))" }
      + Examples.coordinator.map { "coordinator \($0.name): \(pinned(encode($0.message)))" }
    for (found, expected) in zip(encoded, pinnedExamples) { #expect(found == expected) }
    #expect(encoded.count == pinnedExamples.count)
  }

  @Test func `final metrics keep their bits and not-measured becomes the one canonical NaN`() throws {
    guard
      case .result(let address, let result) = try decodeWorkerMessage(
        encode(.result(Examples.address, Examples.result)))
    else { return #expect(Bool(false), "another message came back") }
    #expect(address == Examples.address)
    let bits = [
      result.metrics.testLoss, result.metrics.testLossStandardError, result.metrics.excess,
      result.metrics.excessStandardError, result.metrics.referenceLoss,
    ].map(\.bitPattern)
    #expect(
      bits == [
        (0.30000000000000004 as Double).bitPattern, 1, 1 << 63, Double.infinity.bitPattern, Double.nan.bitPattern,
      ])
    #expect(result.outcome == .diverged && result.steps == 1999 && result.seconds == 2.75)
  }

  @Test func `a worker does not read what only workers say`() {
    #expect(throws: ProtocolError.unknownType(found: 2)) {
      try decodeCoordinatorMessage(encode(WorkerMessage.heartbeat(held: [])))
    }
    #expect(throws: ProtocolError.unknownType(found: 142)) {
      try decodeWorkerMessage(encode(CoordinatorMessage.helloWanted))
    }
  }

  @Test func `a flipped bit in a chunk names the piece to ask for again`() {
    var frames = encode(WorkerMessage.chunk(Examples.chunk))
    frames[1][3] ^= 4
    #expect(
      throws: ProtocolError.corruptChunk(
        Examples.digest, offset: 131_072, declared: crc32c(Examples.chunk.bytes), found: crc32c(frames[1]))
    ) { try decodeWorkerMessage(frames) }
  }

  @Test func `the checksum is the one of RFC 3720`() {
    #expect(crc32c(Array("123456789".utf8)) == 0xe306_9283)
    #expect(crc32c([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(crc32c([]) == 0)
  }

  @Test func `a reason longer than its limit is cut between characters`() throws {
    let long = String(repeating: "ä", count: WireLimits.reasonBytes)
    guard case .goodbye(let reason) = try decodeWorkerMessage(encode(.goodbye(reason: "x" + long))) else {
      return #expect(Bool(false), "another message came back")
    }
    #expect(reason == "x" + String(repeating: "ä", count: (WireLimits.reasonBytes - 1) / 2))
  }

  @Test func `control characters of a peer reach no terminal`() throws {
    let message = try decodeWorkerMessage(encode(.goodbye(reason: "bye\u{1b}[2J\nERROR forged")))
    #expect(message == .goodbye(reason: "bye [2J ERROR forged"))
  }

  @Test func `a duration below a millisecond does not become none`() throws {
    let welcome = Welcome(
      version: 1, sweepName: "s", epoch: 0, heartbeatInterval: .microseconds(1), leaseDuration: .seconds(1_000_000))
    guard case .welcome(let read) = try decodeCoordinatorMessage(encode(.welcome(welcome))) else {
      return #expect(Bool(false), "another message came back")
    }
    #expect(read.heartbeatInterval == .milliseconds(1) && read.leaseDuration == .seconds(24 * 3600))
  }
}

/// Headers and short bodies in hexadecimal, frames separated by a bar.
private func pinned(_ frames: [[UInt8]]) -> String { frames.map { hexadecimal($0) }.joined(separator: " | ") }
