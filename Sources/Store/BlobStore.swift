// Checkpoints by digest: `blobs/sha256/ab/abcd…`. A blob appears whole under the digest of its bytes, or not at all:
// temporary file, fsync, digest verified, rename, fsync of the directory.
import Foundation
import Shared

package struct BlobStore: Sendable {
  let root: String
  private var sha: String { root + "/sha256" }
  private var temporary: String { root + "/incoming" }

  package func path(_ digest: BlobDigest) -> String { folder(digest) + "/" + digest.rawValue }
  private func folder(_ digest: BlobDigest) -> String { sha + "/" + digest.rawValue.prefix(2) }

  func create() throws(StoreError) {
    for path in [root, sha, temporary] where mkdir(path, 0o777) != 0 && errno != EEXIST {
      throw .system(errno, place: path, doing: "making it")
    }
  }

  package func contains(_ digest: BlobDigest) -> Bool { access(path(digest), R_OK) == 0 }

  /// At most `BlobChunk.maximumChunkBytes` of a blob from `offset` on.
  package func chunk(_ digest: BlobDigest, offset: Int) throws(StoreError) -> BlobChunk {
    let place = path(digest)
    let descriptor = open(place, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(errno, place: place, doing: "opening it") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .system(errno, place: place, doing: "examining it") }
    let size = Int(status.st_size)
    guard offset >= 0, offset <= size else {
      throw .failed(place: place, what: "byte \(offset) was asked for and it has \(size)")
    }
    var bytes = [UInt8](repeating: 0, count: min(BlobChunk.maximumChunkBytes, size - offset))
    var filled = 0
    while filled < bytes.count {
      let count = bytes[filled...].withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress, $0.count, off_t(offset + filled))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .system(count < 0 ? errno : EIO, place: place, doing: "reading it") }
      filled += count
    }
    return BlobChunk(digest: digest, offset: offset, byteCount: size, bytes: bytes)
  }

  /// A whole blob; its bytes are checked against the digest.
  package func bytes(_ digest: BlobDigest) throws(StoreError) -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let chunk = try chunk(digest, offset: bytes.count)
      bytes += chunk.bytes
      if bytes.count >= chunk.byteCount { break }
    }
    guard BlobDigest(of: bytes) == digest else {
      throw .damaged(place: path(digest), what: "its bytes do not have the digest that is its name")
    }
    return bytes
  }

  /// Whether the blob's bytes still have its digest.
  func isIntact(_ digest: BlobDigest) -> Bool {
    var hash = IncrementalSHA256()
    var offset = 0
    while true {
      guard let chunk = try? chunk(digest, offset: offset) else { return false }
      hash.update(chunk.bytes)
      offset += chunk.bytes.count
      if offset == chunk.byteCount { return hash.hexDigest() == digest.rawValue }
    }
  }

  /// Publishes bytes that are at hand as a whole.
  package func publish(_ bytes: [UInt8]) throws(StoreError) -> BlobDigest {
    let digest = BlobDigest(of: bytes)
    if contains(digest) { return digest }
    let incoming = try IncomingBlob(in: self, digest: digest, byteCount: bytes.count)
    try incoming.append(bytes)
    try incoming.publish()
    return digest
  }

  func temporaryPath() -> String { temporary + "/\(getpid())-\(UInt64.random(in: 0 ... .max))" }

  /// Makes `file` the blob named `digest`.
  func adopt(_ file: String, as digest: BlobDigest) throws(StoreError) {
    let folder = folder(digest)
    if mkdir(folder, 0o777) == 0 {
      try flushDirectory(sha)
    } else if errno != EEXIST {
      throw .system(errno, place: folder, doing: "making it")
    }
    guard rename(file, path(digest)) == 0 else { throw .system(errno, place: path(digest), doing: "naming it") }
    try flushDirectory(folder)
  }

  func remove(_ digest: BlobDigest) { unlink(path(digest)) }

  /// Removes what no stored trial refers to: temporary files, and blobs published just before a crash.
  func removeAll(except kept: Set<String>) {
    let files = FileManager.default
    for name in (try? files.contentsOfDirectory(atPath: temporary)) ?? [] { unlink(temporary + "/" + name) }
    for folder in (try? files.contentsOfDirectory(atPath: sha)) ?? [] {
      for name in (try? files.contentsOfDirectory(atPath: sha + "/" + folder)) ?? [] where !kept.contains(name) {
        unlink(sha + "/" + folder + "/" + name)
      }
    }
  }
}

/// A blob on its way from a worker, chunk by chunk, into a temporary file.
package final class IncomingBlob {
  package let digest: BlobDigest
  package let byteCount: Int
  /// Bytes received so far: the offset to ask for next.
  package private(set) var received = 0
  private let store: BlobStore
  private let file: String
  private let descriptor: Int32
  private var hash = IncrementalSHA256()
  private var isPublished = false

  package init(in store: BlobStore, digest: BlobDigest, byteCount: Int) throws(StoreError) {
    (self.store, self.digest, self.byteCount) = (store, digest, byteCount)
    file = store.temporaryPath()
    descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system(errno, place: store.root, doing: "writing to it") }
  }

  package var isComplete: Bool { received == byteCount }

  /// Adds the bytes that follow what has been received.
  package func append(_ bytes: [UInt8]) throws(StoreError) {
    guard bytes.count <= byteCount - received else {
      throw .damaged(place: store.path(digest), what: "more than the \(byteCount) bytes announced arrived")
    }
    try writeAll(bytes, to: descriptor, place: store.root)
    hash.update(bytes)
    received += bytes.count
  }

  /// Makes the blob durable under its digest; refused if the bytes have another.
  package func publish() throws(StoreError) {
    guard isComplete, hash.hexDigest() == digest.rawValue else {
      throw .damaged(place: store.path(digest), what: "the bytes that arrived have another digest")
    }
    guard fsync(descriptor) == 0 else { throw .system(errno, place: store.root, doing: "flushing a checkpoint") }
    try store.adopt(file, as: digest)
    isPublished = true
  }

  deinit {
    close(descriptor)
    if !isPublished { unlink(file) }
  }
}
