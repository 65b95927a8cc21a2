// Valid messages, changed at random in ways that reach deep into the decoder: it answers with a message or an error,
// never with a trap. Seeded; `make fuzz` runs it for longer, from a seed that it prints.
import Foundation
import Messaging
import Shared
import Testing

/// Changes one message into something like it.
struct MessageMutator {
  let samples: [[[UInt8]]]
  var bits: SeededBits

  /// Numbers that sit at the edges of what integers hold, as protobuf writes them.
  private static let edges: [[UInt8]] = [
    [0], [1], [0x7f], [0x80, 0x01], [0xff, 0xff, 0xff, 0xff, 0x0f], [0x80, 0x80, 0x80, 0x80, 0x08],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  ]
  private static let headerBytes = 12

  mutating func next() -> [[UInt8]] {
    var frames = samples[Int.random(in: 0..<samples.count, using: &bits)]
    // Small changes get past more checks, large ones reach more places.
    if Bool.random(using: &bits), let place = frames[0].indices.dropFirst(Self.headerBytes).randomElement(using: &bits)
    {
      frames[0][place] = .random(in: 0...255, using: &bits)
    } else {
      for _ in 0..<Int.random(in: 1...4, using: &bits) { change(&frames) }
    }
    // Most keep a right length, or nothing behind the header would ever be read.
    if !frames.isEmpty, frames[0].count >= Self.headerBytes, Int.random(in: 0..<8, using: &bits) > 0 {
      let length = UInt32(frames[0].count - Self.headerBytes)
      for (index, shift) in [24, 16, 8, 0].enumerated() { frames[0][8 + index] = UInt8(length >> UInt32(shift) & 255) }
    }
    return frames
  }

  private mutating func change(_ frames: inout [[UInt8]]) {
    guard let frame = frames.indices.randomElement(using: &bits), frames[frame].count > Self.headerBytes else {
      return frames.append([])
    }
    let count = frames[frame].count
    // The header's type and all of the body.
    let place = Int.random(in: 7..<count, using: &bits)
    let end = min(count, place + Int.random(in: 1...12, using: &bits))
    switch Int.random(in: 0..<9, using: &bits) {
    case 0: frames[frame][place] ^= 1 << UInt8.random(in: 0...7, using: &bits)
    case 1: frames[frame][place] = .random(in: 0...255, using: &bits)
    case 2: frames[frame].insert(contentsOf: Self.edges[Int.random(in: 0..<Self.edges.count, using: &bits)], at: place)
    case 3:
      frames[frame].replaceSubrange(place..<end, with: Self.edges[Int.random(in: 0..<Self.edges.count, using: &bits)])
    case 4: frames[frame].removeSubrange(max(Self.headerBytes, place)..<max(Self.headerBytes, end))
    // Fields again and again: lists grow, the last of a single field counts.
    case 5: for _ in 0..<3 { frames[frame] += frames[frame][place..<end] }
    // A piece of another message.
    case 6:
      let other = samples[Int.random(in: 0..<samples.count, using: &bits)][0]
      frames[frame].replaceSubrange(place..<end, with: other.dropFirst(Int.random(in: 0..<other.count, using: &bits)))
    // The same bytes as another type of message.
    case 7: frames[0][7] = .random(in: 0...145, using: &bits)
    default:
      if frames.count < 4 { frames.append(Array(frames[frame][place..<end])) } else { frames.removeLast() }
    }
  }
}

@Suite struct DecoderFuzzTests {
  private let samples =
    Examples.worker.map { encode($0.message) } + Examples.coordinator.map { encode($0.message) }
    + encode(batched: Examples.worker.map(\.message)).map(\.frames)
    + encode(batched: Examples.coordinator.map(\.message), ParameterTexts()).map(\.frames)
  private let texts = ParameterTexts()

  /// Runs `cases` cases; returns how many were still messages.
  private func fuzz(seed: UInt64, cases: Int) -> Int {
    var mutator = MessageMutator(samples: samples, bits: SeededBits(state: seed))
    var readable = 0
    for _ in 0..<cases {
      let frames = mutator.next()
      // Batches are taken apart by nobody else; what is in them is read as below.
      _ = try? unpackWorkerMessage(frames)
      _ = try? unpackCoordinatorMessage(frames, texts)
      // What can be read can be said again, and means the same then.
      if let message = try? decodeWorkerMessage(frames) {
        readable += 1
        let again = encode(message)
        if (try? decodeWorkerMessage(again)).map(encode) != again { Issue.record("seed \(seed): \(message)") }
      } else if let message = try? decodeCoordinatorMessage(frames) {
        readable += 1
        let again = encode(message)
        let read = try? decodeCoordinatorMessage(again)
        if read.map({ encode($0) }) != again { Issue.record("seed \(seed): \(message)") }
      }
    }
    return readable
  }

  @Test func `changed messages are read or refused, never more`() {
    let readable = fuzz(seed: 20_261_122, cases: 200_000)
    // Both happen, or the changes would test nothing.
    #expect(readable > 10_000 && readable < 190_000, "\(readable) were messages")
  }

  /// ATTUNE_FUZZ_SECONDS, and ATTUNE_FUZZ_SEED to repeat a run; every line names the seed of what comes next.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["ATTUNE_FUZZ_SECONDS"] != nil))
  func `messages for as long as asked`() {
    let environment = ProcessInfo.processInfo.environment
    let seconds = Int(environment["ATTUNE_FUZZ_SECONDS"] ?? "") ?? 60
    var seed = UInt64(environment["ATTUNE_FUZZ_SEED"] ?? "") ?? .random(in: 0 ... .max)
    let start = ContinuousClock.now
    var cases = 0
    while ContinuousClock.now - start < .seconds(seconds) {
      FileHandle.standardError.write(Data("fuzz messages: ATTUNE_FUZZ_SEED=\(seed) after \(cases) cases\n".utf8))
      _ = fuzz(seed: seed, cases: 250_000)
      cases += 250_000
      seed &+= 1
    }
  }
}
