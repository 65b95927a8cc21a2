// Checkpoints pulled from workers: piece by piece, whole or not at all.
import Coordinator
import Foundation
import Shared
import Store
import Testing

@Suite struct CheckpointTransferTests {
  private let worker = WorkerSession(rawValue: 1)
  private let address = TrialAddress(trial: TrialID(rawValue: 1), token: LeaseToken(epoch: 1, counter: 1), sequence: 1)

  /// A store in a directory of its own, and what removes it.
  private final class Place {
    let path = NSTemporaryDirectory() + "attune-transfers-\(UUID().uuidString)"
    let store: SweepStore
    init() throws {
      store = try SweepStore.forRunning(
        SweepPlan(name: "t", method: .grid, axes: [], tuned: [], cells: [], tuneSeeds: [], reportSeeds: []), in: path)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private func offer(_ bytes: [UInt8], size: Int? = nil) -> CheckpointOffer {
    CheckpointOffer(digest: BlobDigest(of: bytes), byteCount: size ?? bytes.count, step: 3)
  }

  private func piece(_ bytes: [UInt8], _ range: Range<Int>) -> BlobChunk {
    BlobChunk(
      digest: BlobDigest(of: bytes), offset: range.lowerBound, byteCount: bytes.count, bytes: Array(bytes[range]))
  }

  private let bytes = (0..<100).map { UInt8($0) }

  @Test func `a checkpoint is pulled piece by piece and published when it is whole`() throws {
    let place = try Place()
    let transfers = CheckpointTransfers(place.store.blobs)
    let offer = offer(bytes)
    #expect(transfers.begin(address, offer, from: worker) == .pull(offer.digest, offset: 0))
    #expect(transfers.receive(piece(bytes, 0..<60), from: worker) == .pull(offer.digest, offset: 60))
    #expect(!place.store.blobs.contains(offer.digest))
    #expect(transfers.receive(piece(bytes, 60..<100), from: worker) == .stored(address, offer))
    #expect(place.store.blobs.contains(offer.digest))
  }

  @Test func `a checkpoint that is there already is not pulled again`() throws {
    let place = try Place()
    _ = try place.store.blobs.publish(bytes)
    let transfers = CheckpointTransfers(place.store.blobs)
    #expect(transfers.begin(address, offer(bytes), from: worker) == .stored(address, offer(bytes)))
  }

  @Test func `an offer said again goes on where the pieces ended`() throws {
    let place = try Place()
    let transfers = CheckpointTransfers(place.store.blobs)
    let offer = offer(bytes)
    _ = transfers.begin(address, offer, from: worker)
    _ = transfers.receive(piece(bytes, 0..<60), from: worker)
    var again = address
    again.sequence = 9
    #expect(transfers.begin(again, offer, from: worker) == .pull(offer.digest, offset: 60))
    #expect(transfers.receive(piece(bytes, 60..<100), from: worker) == .stored(again, offer))
  }

  @Test func `pieces that nobody waits for mean nothing`() throws {
    let place = try Place()
    let transfers = CheckpointTransfers(place.store.blobs)
    #expect(transfers.receive(piece(bytes, 0..<60), from: worker) == nil)
    _ = transfers.begin(address, offer(bytes), from: worker)
    #expect(transfers.receive(piece(bytes, 10..<60), from: worker) == nil)
    #expect(transfers.receive(piece(bytes, 0..<60), from: WorkerSession(rawValue: 2)) == nil)
    _ = transfers.receive(piece(bytes, 0..<60), from: worker)
    #expect(transfers.receive(piece(bytes, 0..<60), from: worker) == nil)
    transfers.forget(worker)
    #expect(transfers.receive(piece(bytes, 60..<100), from: worker) == nil)
  }

  @Test func `bytes with another digest are refused and nothing is published`() throws {
    let place = try Place()
    let transfers = CheckpointTransfers(place.store.blobs)
    let offer = offer(bytes)
    _ = transfers.begin(address, offer, from: worker)
    let wrong = BlobChunk(digest: offer.digest, offset: 0, byteCount: 100, bytes: bytes.reversed())
    guard case .refused(address, offer, let error)? = transfers.receive(wrong, from: worker) else {
      Issue.record("it was not refused")
      return
    }
    #expect(error.description.contains("the bytes that arrived have another digest"))
    #expect(!place.store.blobs.contains(offer.digest))
  }

  @Test(arguments: [-1, (1 << 30) + 1, Int.max]) func `an impossible size is refused`(size: Int) throws {
    let place = try Place()
    let transfers = CheckpointTransfers(place.store.blobs)
    guard case .refused = transfers.begin(address, offer(bytes, size: size), from: worker) else {
      Issue.record("it was not refused")
      return
    }
  }

  @Test func `an empty checkpoint needs no piece`() throws {
    let place = try Place()
    let transfers = CheckpointTransfers(place.store.blobs)
    #expect(transfers.begin(address, offer([]), from: worker) == .stored(address, offer([])))
  }
}
