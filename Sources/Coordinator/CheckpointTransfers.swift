// Checkpoints on their way from workers: invited some at a time, pulled piece by piece with a few pieces of credit, into a
// temporary file, until the digest holds. Whose turn it is and what is asked for is decided here, without a socket, a
// thread or a clock.
import Foundation
import Messaging
import Shared
import Store

package final class CheckpointTransfers {
  package enum Step: Equatable {
    /// Tell the worker, over control, that the bytes may come.
    case invite(BlobDigest, WorkerSession)
    /// It was invited and has sent nothing for a while: another one has its turn, or it is invited again.
    case stalled(BlobDigest, WorkerSession)
    /// Ask this connection for the piece from this offset on.
    case pull(BlobDigest, offset: Int, PeerID)
    /// Nothing is to be sent, but the worker has been heard.
    case heard(PeerID)
    case stored(TrialAddress, CheckpointOffer, WorkerSession)
    case refused(TrialAddress, CheckpointOffer, WorkerSession, StoreError)
  }

  private struct Key: Hashable {
    let session: WorkerSession
    let digest: BlobDigest
  }
  private struct Line: Hashable {
    let peer: PeerID
    let digest: BlobDigest
  }
  private struct Transfer {
    var address: TrialAddress
    let offer: CheckpointOffer
    /// Under which the session takes part; bytes under another one are not its.
    let key: KeyName?
    /// Opened when the first byte is about to come.
    var incoming: IncomingBlob?
    /// When the worker last offered it or sent a piece.
    var lastSign: Duration
    /// Since when it has its turn without a piece; nil while it waits for one.
    var idleSince: Duration?
    /// Where its bytes come from.
    var peer: PeerID?
    /// Asked for so far.
    var asked = 0
    /// The piece from here on was lost, and everything behind it was asked for again.
    var recoveredAt: Int?

    var received: Int { incoming?.received ?? 0 }
  }

  /// No network of this program comes near it; a peer must not fill the disk with one offer.
  private static let mostBytes = 1 << 30
  /// Transfers that have their turn at a time, and pieces asked for in each: at most 32 MiB are on their way.
  package static let mostAtATime = 64
  package static let credit = 4
  package static let stallLimit = Duration.seconds(10)

  private let blobs: BlobStore
  private let mostAtATime: Int
  private var transfers: [Key: Transfer] = [:]
  private var lines: [Line: Key] = [:]
  /// Those that wait for their turn; some may be over by now.
  private var waiting: [Key] = []
  /// Those that have theirs.
  private var active: Set<Key> = []
  /// A worker that still has a checkpoint offers it again before this is over.
  private let patience: Duration

  package init(
    _ blobs: BlobStore, patience: Duration = .seconds(60), mostAtATime: Int = CheckpointTransfers.mostAtATime
  ) {
    (self.blobs, self.patience, self.mostAtATime) = (blobs, patience, mostAtATime)
  }

  /// A worker offers a checkpoint. The same offer again invites again, if it is its turn.
  package func begin(
    _ address: TrialAddress, _ offer: CheckpointOffer, from session: WorkerSession, key: KeyName?, at now: Duration
  ) -> [Step] {
    if blobs.contains(offer.digest) { return [.stored(address, offer, session)] }
    let name = Key(session: session, digest: offer.digest)
    if let known = transfers[name], known.offer == offer, known.key == key {
      transfers[name]?.address = address
      transfers[name]?.lastSign = now
      return known.idleSince == nil ? [] : [.invite(offer.digest, session)]
    }
    guard (0...Self.mostBytes).contains(offer.byteCount) else {
      return [
        .refused(
          address, offer, session,
          .failed(
            place: "checkpoint \(offer.digest)", what: "\(offer.byteCount) bytes are offered, \(Self.mostBytes) allowed"
          ))
      ]
    }
    drop(name)
    transfers[name] = Transfer(address: address, offer: offer, key: key, lastSign: now)
    waiting.append(name)
    return fillTurns(at: now)
  }

  /// A worker says that this connection has the bytes. It is asked from where they ended, whatever was asked before.
  package func ready(
    _ digest: BlobDigest, of session: WorkerSession, at peer: PeerID, key: KeyName?, at now: Duration
  ) -> [Step] {
    let name = Key(session: session, digest: digest)
    guard let transfer = transfers[name], transfer.idleSince != nil, transfer.key == key else { return [.heard(peer)] }
    if let old = transfer.peer { lines[Line(peer: old, digest: digest)] = nil }
    do throws(StoreError) {
      if transfer.incoming == nil {
        transfers[name]?.incoming = try IncomingBlob(in: blobs, digest: digest, byteCount: transfer.offer.byteCount)
      }
    } catch {
      return end(name, .refused(transfer.address, transfer.offer, session, error), at: now)
    }
    lines[Line(peer: peer, digest: digest)] = name
    transfers[name]?.peer = peer
    transfers[name]?.idleSince = now
    transfers[name]?.asked = transfer.received
    transfers[name]?.recoveredAt = nil
    return transfer.offer.byteCount == 0 ? publish(name, at: now) : pull(name)
  }

  /// A piece has come. Nil if nobody waits for it: a repetition, or of a transfer that was given up.
  package func receive(_ chunk: BlobChunk, from peer: PeerID, at now: Duration) -> [Step]? {
    guard let name = lines[Line(peer: peer, digest: chunk.digest)], let transfer = transfers[name],
      let incoming = transfer.incoming, chunk.offset >= incoming.received, !chunk.bytes.isEmpty
    else { return nil }
    if chunk.offset > incoming.received { return lost(chunk.digest, from: peer) }
    do throws(StoreError) {
      try incoming.append(chunk.bytes)
    } catch {
      return end(name, .refused(transfer.address, transfer.offer, name.session, error), at: now)
    }
    transfers[name]?.lastSign = now
    if transfer.idleSince != nil { transfers[name]?.idleSince = now }
    return incoming.isComplete ? publish(name, at: now) : pull(name)
  }

  /// A piece came damaged, or not at all: it and all behind it are asked for again, once for each place.
  package func lost(_ digest: BlobDigest, from peer: PeerID) -> [Step] {
    guard let name = lines[Line(peer: peer, digest: digest)], let transfer = transfers[name],
      transfer.recoveredAt != transfer.received
    else { return [] }
    transfers[name]?.recoveredAt = transfer.received
    transfers[name]?.asked = transfer.received
    return pull(name)
  }

  /// The session is over: what it had begun is dropped.
  package func forget(_ session: WorkerSession, at now: Duration) -> [Step] {
    for name in transfers.keys where name.session == session { drop(name) }
    return fillTurns(at: now)
  }

  /// The connection may not be used any more.
  package func forget(_ peer: PeerID) {
    for (line, name) in lines where line.peer == peer {
      lines[line] = nil
      transfers[name]?.peer = nil
    }
  }

  /// When `look` has something to do.
  package var nextLook: Duration? {
    active.compactMap { transfers[$0]?.idleSince }.min().map { $0 + Self.stallLimit }
  }

  /// Gives the turn of those that send nothing to others. What has come of them is kept.
  package func look(at now: Duration) -> [Step] {
    guard let next = nextLook, next <= now else { return [] }
    var steps: [Step] = []
    let stalled = active.compactMap { name in transfers[name].map { (name, $0) } }
      .filter { now - ($0.1.idleSince ?? now) >= Self.stallLimit }
      .sorted { ($0.1.idleSince ?? now, $0.0.digest.rawValue) < ($1.1.idleSince ?? now, $1.0.digest.rawValue) }
    for (name, transfer) in stalled {
      steps.append(.stalled(name.digest, name.session))
      // Its offer has become pointless: the trial was fenced or cancelled.
      if now - transfer.lastSign >= patience {
        drop(name)
        continue
      }
      transfers[name]?.idleSince = nil
      active.remove(name)
      waiting.append(name)
    }
    return steps + fillTurns(at: now)
  }

  private func fillTurns(at now: Duration) -> [Step] {
    var steps: [Step] = []
    var taken = 0
    while active.count < mostAtATime, taken < waiting.count {
      let name = waiting[taken]
      taken += 1
      guard let transfer = transfers[name], transfer.idleSince == nil else { continue }
      transfers[name]?.idleSince = now
      active.insert(name)
      steps.append(.invite(name.digest, name.session))
    }
    waiting.removeFirst(taken)
    return steps
  }

  /// Asks for as many pieces as there is credit for.
  private func pull(_ name: Key) -> [Step] {
    guard let transfer = transfers[name], let peer = transfer.peer else { return [] }
    var steps: [Step] = []
    var asked = transfer.asked
    let piece = BlobChunk.maximumChunkBytes
    while asked < transfer.offer.byteCount, asked - transfer.received < Self.credit * piece {
      steps.append(.pull(name.digest, offset: asked, peer))
      asked = min(transfer.offer.byteCount, asked + piece)
    }
    transfers[name]?.asked = asked
    return steps
  }

  private func publish(_ name: Key, at now: Duration) -> [Step] {
    guard let transfer = transfers[name], let incoming = transfer.incoming else { return [] }
    do throws(StoreError) {
      try incoming.publish()
      return end(name, .stored(transfer.address, transfer.offer, name.session), at: now)
    } catch {
      return end(name, .refused(transfer.address, transfer.offer, name.session, error), at: now)
    }
  }

  private func end(_ name: Key, _ step: Step, at now: Duration) -> [Step] {
    drop(name)
    return [step] + fillTurns(at: now)
  }

  private func drop(_ name: Key) {
    guard let transfer = transfers.removeValue(forKey: name) else { return }
    active.remove(name)
    if let peer = transfer.peer { lines[Line(peer: peer, digest: name.digest)] = nil }
  }
}
