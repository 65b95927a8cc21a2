// What the coordinator has not acknowledged yet, per attempt and in the order of sequence numbers, with the bytes of
// offered checkpoints. In memory; what must survive this process is in the spool as well (Spool.swift).
import Messaging
import Shared

package struct Outbox: Sendable {
  private struct Entry {
    let sequence: Int
    let message: WorkerMessage
  }
  private var entries: [Attempt: [Entry]] = [:]
  private var blobs: [Attempt: (digest: BlobDigest, bytes: [UInt8])] = [:]

  package init() {}

  package mutating func append(_ message: WorkerMessage, sequence: Int, of attempt: Attempt) {
    entries[attempt, default: []].append(Entry(sequence: sequence, message: message))
  }

  /// Takes back what an earlier process had said.
  package mutating func restore(_ messages: [WorkerMessage], of attempt: Attempt) {
    for message in messages {
      if case .progress(let address, _, _, _) = message { append(message, sequence: address.sequence, of: attempt) }
    }
  }

  /// Keeps the bytes of the attempt's one offered checkpoint for the coordinator's pulls.
  package mutating func hold(_ bytes: [UInt8], _ digest: BlobDigest, of attempt: Attempt) {
    blobs[attempt] = (digest, bytes)
  }

  /// An acknowledgement covers every earlier message of the attempt.
  package mutating func acknowledge(_ attempt: Attempt, through sequence: Int) {
    entries[attempt]?.removeAll { $0.sequence <= sequence }
  }

  /// Takes back one message that has become pointless.
  package mutating func withdraw(_ attempt: Attempt, sequence: Int) {
    entries[attempt]?.removeAll { $0.sequence == sequence }
  }

  package mutating func releaseBlob(of attempt: Attempt) { blobs[attempt] = nil }

  package mutating func forget(_ attempt: Attempt) {
    entries[attempt] = nil
    blobs[attempt] = nil
  }

  /// Unacknowledged messages, to be sent again in this order.
  package func pending(_ attempt: Attempt) -> [WorkerMessage] { entries[attempt]?.map(\.message) ?? [] }

  package func bytes(of digest: BlobDigest) -> [UInt8]? { blobs.values.first { $0.digest == digest }?.bytes }
}
