// Checkpoints that a grant names, fetched in bulk piece by piece and used only after their digest has been verified.
import Messaging
import Shared

/// A blob on its way here.
struct Download {
  let byteCount: Int
  var bytes: [UInt8] = []
  /// When the last piece was asked for.
  var asked: Duration
  var failures = 0
}

/// References serve every reporting seed of a cell, so they are kept; the least recently used go first.
struct BlobCache {
  private var blobs: [(digest: BlobDigest, bytes: [UInt8])] = []

  mutating func bytes(of digest: BlobDigest) -> [UInt8]? {
    guard let index = blobs.firstIndex(where: { $0.digest == digest }) else { return nil }
    blobs.append(blobs.remove(at: index))
    return blobs.last?.bytes
  }

  mutating func insert(_ bytes: [UInt8], _ digest: BlobDigest, limit: Int) {
    guard bytes.count <= limit else { return }
    blobs.append((digest, bytes))
    while blobs.reduce(0, { $0 + $1.bytes.count }) > limit { blobs.removeFirst() }
  }
}

extension WorkerService {
  /// After so many copies that do not match their digest the coordinator's own must be wrong.
  private static let mostFailures = 3

  mutating func need(_ blob: CheckpointOffer, for attempt: Attempt, at now: Duration) {
    if let bytes = cache.bytes(of: blob.digest) { return provide(bytes, blob.digest, to: attempt) }
    attempts[attempt]?.missing.insert(blob.digest)
    guard downloads[blob.digest] == nil else { return }
    downloads[blob.digest] = Download(byteCount: blob.byteCount, asked: now)
    fetch(blob.digest, at: now)
  }

  private mutating func provide(_ bytes: [UInt8], _ digest: BlobDigest, to attempt: Attempt) {
    guard let grant = attempts[attempt]?.grant else { return }
    if grant.resume?.digest == digest { attempts[attempt]?.resume = bytes }
    if grant.reference?.digest == digest { attempts[attempt]?.reference = bytes }
    attempts[attempt]?.missing.remove(digest)
  }

  /// Asks for the next piece.
  mutating func fetch(_ digest: BlobDigest, at now: Duration) {
    guard let download = downloads[digest] else { return }
    downloads[digest]?.asked = now
    send(.fetch(digest, offset: download.bytes.count))
  }

  /// - all: also those that were asked for a moment ago.
  mutating func repeatFetches(all: Bool = false, at now: Duration) {
    for (digest, download) in downloads.sorted(by: { $0.key.rawValue < $1.key.rawValue })
    where all || now - download.asked >= configuration.fetchPatience { fetch(digest, at: now) }
  }

  mutating func arrived(_ chunk: BlobChunk, at now: Duration) {
    // A repeated piece of what has come already means nothing.
    guard let download = downloads[chunk.digest], chunk.offset == download.bytes.count else { return }
    guard chunk.byteCount == download.byteCount, !chunk.bytes.isEmpty || chunk.byteCount == 0 else {
      return unavailable(
        chunk.digest,
        reason: "the coordinator sent \(chunk.bytes.count) of \(chunk.byteCount) bytes, \(download.byteCount) in all "
          + "were announced", at: now)
    }
    downloads[chunk.digest]?.bytes += chunk.bytes
    guard let bytes = downloads[chunk.digest]?.bytes else { return }
    if bytes.count < download.byteCount { return fetch(chunk.digest, at: now) }
    guard BlobDigest(of: bytes) == chunk.digest else {
      guard download.failures + 1 < Self.mostFailures else {
        return unavailable(chunk.digest, reason: "its bytes do not match its digest", at: now)
      }
      downloads[chunk.digest] = Download(
        byteCount: download.byteCount, asked: now, failures: download.failures + 1)
      return fetch(chunk.digest, at: now)
    }
    downloads[chunk.digest] = nil
    var isReference = false
    for (attempt, held) in sortedAttempts where held.missing.contains(chunk.digest) {
      if held.grant?.reference?.digest == chunk.digest { isReference = true }
      provide(bytes, chunk.digest, to: attempt)
    }
    if isReference { cache.insert(bytes, chunk.digest, limit: configuration.blobCacheBytes) }
  }

  /// The blob cannot be had. Without its checkpoint a trial starts anew, with the same bits in the end; without the
  /// reference it cannot be measured.
  mutating func unavailable(_ digest: BlobDigest, reason: String, at now: Duration) {
    downloads[digest] = nil
    for (attempt, held) in sortedAttempts where held.missing.contains(digest) {
      if held.grant?.reference?.digest == digest {
        conclude(
          attempt, .failed(reason: "the reference checkpoint \(digest.rawValue.prefix(12)) cannot be had: \(reason)"),
          at: now)
      } else {
        commands.append(.note(.resumeUnavailable(attempt, reason: reason)))
        attempts[attempt]?.missing.remove(digest)
        attempts[attempt]?.step = 0
      }
    }
  }

  mutating func dropDownloadsNobodyWaitsFor() {
    let wanted = attempts.values.reduce(into: Set<BlobDigest>()) { $0.formUnion($1.missing) }
    for digest in downloads.keys where !wanted.contains(digest) { downloads[digest] = nil }
  }
}
