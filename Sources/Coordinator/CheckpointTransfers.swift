// Checkpoints on their way from workers: one piece at a time per offer, into a temporary file, until the digest holds.
import Foundation
import Shared
import Store

package final class CheckpointTransfers {
  package enum Step: Equatable {
    /// Ask the worker for the piece from this offset on.
    case pull(BlobDigest, offset: Int)
    case stored(TrialAddress, CheckpointOffer)
    case refused(TrialAddress, CheckpointOffer, StoreError)
  }

  private struct Key: Hashable {
    let session: WorkerSession
    let digest: BlobDigest
  }
  private struct Transfer {
    var address: TrialAddress
    let offer: CheckpointOffer
    let incoming: IncomingBlob
  }

  /// No network of this program comes near it; a peer must not fill the disk with one offer.
  private static let mostBytes = 1 << 30

  private let blobs: BlobStore
  private var transfers: [Key: Transfer] = [:]

  package init(_ blobs: BlobStore) { self.blobs = blobs }

  /// A worker offers a checkpoint. The same offer again asks again for the piece that is missing.
  package func begin(_ address: TrialAddress, _ offer: CheckpointOffer, from session: WorkerSession) -> Step {
    if blobs.contains(offer.digest) { return .stored(address, offer) }
    let key = Key(session: session, digest: offer.digest)
    if let known = transfers[key], known.offer == offer {
      transfers[key]?.address = address
      return .pull(offer.digest, offset: known.incoming.received)
    }
    guard (0...Self.mostBytes).contains(offer.byteCount) else {
      return .refused(
        address, offer,
        .failed(
          place: "checkpoint \(offer.digest)", what: "\(offer.byteCount) bytes are offered, \(Self.mostBytes) allowed"))
    }
    do throws(StoreError) {
      let transfer = Transfer(
        address: address, offer: offer,
        incoming: try IncomingBlob(in: blobs, digest: offer.digest, byteCount: offer.byteCount))
      transfers[key] = transfer
      return offer.byteCount == 0 ? finish(key, transfer) : .pull(offer.digest, offset: 0)
    } catch {
      return .refused(address, offer, error)
    }
  }

  /// A piece has come. Nil if nobody waits for it: a repetition, or of a transfer that was given up.
  package func receive(_ chunk: BlobChunk, from session: WorkerSession) -> Step? {
    let key = Key(session: session, digest: chunk.digest)
    guard let transfer = transfers[key], chunk.offset == transfer.incoming.received, !chunk.bytes.isEmpty else {
      return nil
    }
    do throws(StoreError) {
      try transfer.incoming.append(chunk.bytes)
    } catch {
      transfers[key] = nil
      return .refused(transfer.address, transfer.offer, error)
    }
    return transfer.incoming.isComplete
      ? finish(key, transfer) : .pull(chunk.digest, offset: transfer.incoming.received)
  }

  private func finish(_ key: Key, _ transfer: Transfer) -> Step {
    transfers[key] = nil
    do throws(StoreError) {
      try transfer.incoming.publish()
      return .stored(transfer.address, transfer.offer)
    } catch {
      return .refused(transfer.address, transfer.offer, error)
    }
  }

  /// The session is over: what it had begun is dropped.
  package func forget(_ session: WorkerSession) {
    transfers = transfers.filter { $0.key.session != session }
  }
}
