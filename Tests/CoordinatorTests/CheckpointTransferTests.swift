// Checkpoints pulled from workers: a turn for each, a few pieces of credit, whole or not at all. No socket, thread or clock.
import Coordinator
import Foundation
import Messaging
import Shared
import Store
import Testing

@Suite struct CheckpointTransferTests {
  private typealias Step = CheckpointTransfers.Step

  private let worker = WorkerSession(rawValue: 1)
  private let peer = PeerID(bytes: [1])
  private let address = TrialAddress(trial: TrialID(rawValue: 1), token: LeaseToken(epoch: 1, counter: 1), sequence: 1)
  private static let pieceBytes = BlobChunk.maximumChunkBytes
  private let bytes = (0..<(pieceBytes * 6 + 5)).map { UInt8(truncatingIfNeeded: $0 / 7) }
  private var offer: CheckpointOffer { Self.offer(bytes) }

  private static func offer(_ bytes: [UInt8], size: Int? = nil) -> CheckpointOffer {
    CheckpointOffer(digest: BlobDigest(of: bytes), byteCount: size ?? bytes.count, step: 3)
  }

  private func piece(_ number: Int) -> BlobChunk {
    let start = number * Self.pieceBytes, end = min(bytes.count, start + Self.pieceBytes)
    return BlobChunk(digest: offer.digest, offset: start, byteCount: bytes.count, bytes: Array(bytes[start..<end]))
  }

  private func pulls(_ numbers: Int..., at peer: PeerID? = nil) -> [Step] {
    numbers.map { .pull(offer.digest, offset: $0 * Self.pieceBytes, peer ?? self.peer) }
  }

  private func begin(_ transfers: CheckpointTransfers, at now: Duration = .zero) -> [Step] {
    transfers.begin(address, offer, from: worker, key: nil, at: now)
  }

  private func ready(
    _ transfers: CheckpointTransfers, _ peer: PeerID? = nil, key: KeyName? = nil, at now: Duration = .zero
  ) -> [Step] { transfers.ready(offer.digest, of: worker, at: peer ?? self.peer, key: key, at: now) }

  private func receive(_ transfers: CheckpointTransfers, _ number: Int, at now: Duration = .zero) -> [Step]? {
    transfers.receive(piece(number), from: peer, at: now)
  }

  @Test func `a checkpoint is invited, pulled with four pieces of credit, and published when it is whole`() throws {
    let place = try BlobPlace(), transfers = CheckpointTransfers(place.blobs)
    #expect(begin(transfers) == [.invite(offer.digest, worker)])
    #expect(ready(transfers) == pulls(0, 1, 2, 3))
    #expect(receive(transfers, 0) == pulls(4))
    #expect(receive(transfers, 1) == pulls(5))
    #expect(receive(transfers, 2) == pulls(6))
    for number in 3...5 { #expect(receive(transfers, number) == []) }
    #expect(!place.blobs.contains(offer.digest))
    #expect(receive(transfers, 6) == [.stored(address, offer, worker)])
    #expect(try place.blobs.bytes(offer.digest) == bytes)
  }

  @Test func `a checkpoint that is there already is not asked for`() throws {
    let place = try BlobPlace(), transfers = CheckpointTransfers(place.blobs)
    _ = try place.blobs.publish(bytes)
    #expect(begin(transfers) == [.stored(address, offer, worker)])
  }

  @Test func `another connection goes on where the pieces ended, and answers under the offer's latest number`() throws {
    let place = try BlobPlace(), transfers = CheckpointTransfers(place.blobs)
    _ = begin(transfers)
    _ = ready(transfers)
    for number in 0...1 { _ = receive(transfers, number) }
    var again = address
    again.sequence = 9
    #expect(
      transfers.begin(again, offer, from: worker, key: nil, at: .zero) == [.invite(offer.digest, worker)])
    let other = PeerID(bytes: [2])
    #expect(ready(transfers, other) == pulls(2, 3, 4, 5, at: other))
    // What the old one still had on its way is nobody's any more.
    #expect(receive(transfers, 2) == nil)
    for number in 2...5 { _ = transfers.receive(piece(number), from: other, at: .zero) }
    #expect(transfers.receive(piece(6), from: other, at: .zero) == [.stored(again, offer, worker)])
  }

  @Test func `a piece that is missing or damaged is asked for again with all behind it, once`() throws {
    let place = try BlobPlace(), transfers = CheckpointTransfers(place.blobs)
    _ = begin(transfers)
    _ = ready(transfers)
    _ = receive(transfers, 0)
    #expect(transfers.lost(offer.digest, from: peer) == pulls(1, 2, 3, 4))
    for number in 2...4 { #expect(receive(transfers, number) == []) }
    #expect(receive(transfers, 1) == pulls(5))
    #expect(receive(transfers, 1) == nil)
    // Without a word: the one behind it shows that it was lost.
    #expect(receive(transfers, 3) == pulls(2, 3, 4, 5))
  }

  @Test func `a worker that sends nothing loses its turn, keeps what it has sent, and gets another turn`() throws {
    let place = try BlobPlace(), transfers = CheckpointTransfers(place.blobs, mostAtATime: 1)
    let other = Self.offer([1, 2, 3]), second = WorkerSession(rawValue: 2)
    _ = begin(transfers)
    _ = ready(transfers)
    _ = receive(transfers, 0, at: .seconds(1))
    #expect(transfers.begin(address, other, from: second, key: nil, at: .seconds(2)) == [])
    #expect(transfers.nextLook == .seconds(11))
    #expect(transfers.look(at: .seconds(10)) == [])
    #expect(
      transfers.look(at: .seconds(11)) == [.stalled(offer.digest, worker), .invite(other.digest, second)])
    // Not its turn: it is told that it was heard, and invited when its turn comes.
    #expect(ready(transfers, at: .seconds(12)) == [.heard(peer)])
    #expect(
      transfers.look(at: .seconds(21)) == [.stalled(other.digest, second), .invite(offer.digest, worker)])
    #expect(ready(transfers, at: .seconds(22)) == pulls(1, 2, 3, 4))
  }

  @Test func `an offer that nobody speaks of any more is dropped`() throws {
    let place = try BlobPlace(), transfers = CheckpointTransfers(place.blobs, patience: .seconds(30))
    _ = begin(transfers)
    for second in [10, 20] as [Int64] {
      #expect(
        transfers.look(at: .seconds(second)) == [.stalled(offer.digest, worker), .invite(offer.digest, worker)])
    }
    #expect(transfers.look(at: .seconds(30)) == [.stalled(offer.digest, worker)])
    #expect(transfers.nextLook == nil)
    #expect(begin(transfers, at: .seconds(40)) == [.invite(offer.digest, worker)])
  }

  @Test func `bytes that come under another key, from another connection or for another blob are nobody's`() throws {
    let place = try BlobPlace(), transfers = CheckpointTransfers(place.blobs)
    let (a, b) = (try #require(KeyName(rawValue: "a")), try #require(KeyName(rawValue: "b")))
    _ = transfers.begin(address, offer, from: worker, key: a, at: .zero)
    #expect(ready(transfers, key: b) == [.heard(peer)])
    #expect(ready(transfers, key: nil) == [.heard(peer)])
    #expect(receive(transfers, 0) == nil)
    #expect(ready(transfers, key: a) == pulls(0, 1, 2, 3))
    #expect(transfers.receive(piece(0), from: PeerID(bytes: [2]), at: .zero) == nil)
    transfers.forget(peer)
    #expect(receive(transfers, 0) == nil)
    #expect(ready(transfers, key: a) == pulls(0, 1, 2, 3))
    #expect(transfers.forget(worker, at: .zero) == [])
    #expect(receive(transfers, 0) == nil)
    #expect(ready(transfers, key: a) == [.heard(peer)])
  }

  @Test func `bytes with another digest are refused and nothing is published`() throws {
    let place = try BlobPlace(), transfers = CheckpointTransfers(place.blobs)
    let right: [UInt8] = [1, 2, 3], offer = Self.offer(right)
    _ = transfers.begin(address, offer, from: worker, key: nil, at: .zero)
    _ = transfers.ready(offer.digest, of: worker, at: peer, key: nil, at: .zero)
    let wrong = BlobChunk(digest: offer.digest, offset: 0, byteCount: 3, bytes: [3, 2, 1])
    guard case .refused(address, offer, worker, let error)? = transfers.receive(wrong, from: peer, at: .zero)?.first
    else {
      Issue.record("it was not refused")
      return
    }
    #expect(error.description.contains("the bytes that arrived have another digest"))
    #expect(!place.blobs.contains(offer.digest))
  }

  @Test(arguments: [-1, (1 << 30) + 1, Int.max]) func `an impossible size is refused`(size: Int) throws {
    let place = try BlobPlace(), transfers = CheckpointTransfers(place.blobs)
    let steps = transfers.begin(address, Self.offer([1], size: size), from: worker, key: nil, at: .zero)
    guard case .refused? = steps.first else {
      Issue.record("it was not refused")
      return
    }
  }

  @Test func `an empty checkpoint needs no piece`() throws {
    let place = try BlobPlace(), transfers = CheckpointTransfers(place.blobs)
    let empty = Self.offer([])
    #expect(transfers.begin(address, empty, from: worker, key: nil, at: .zero) == [.invite(empty.digest, worker)])
    #expect(
      transfers.ready(empty.digest, of: worker, at: peer, key: nil, at: .zero) == [.stored(address, empty, worker)])
  }
}

/// A store of blobs in a directory of its own, and what removes it.
final class BlobPlace {
  let path = NSTemporaryDirectory() + "attune-transfers-\(UUID().uuidString)"
  private let store: SweepStore
  var blobs: BlobStore { store.blobs }

  init() throws {
    store = try SweepStore.forRunning(
      SweepPlan(name: "t", method: .grid, axes: [], tuned: [], cells: [], tuneSeeds: [], reportSeeds: []), in: path)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}
