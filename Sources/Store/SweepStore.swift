// The one owner of a sweep's directory: its database, its blobs and its lock. Used by one thread.
// SQLite in WAL mode: readers (`attune status`) never block the writer, and with synchronous=FULL a commit that
// returned survives a power cut (sqlite.org/pragma.html#pragma_synchronous).
internal import GRDB
import Foundation
import Search
import Shared

package final class SweepStore {
  package let directory: SweepDirectory
  package let blobs: BlobStore
  /// Boot epoch of this opening for writing; 0 when open for reading.
  package let epoch: Int64
  /// This directory's own number, the same in every opening: the moment in which it was first opened, as bits.
  package let sweep: SweepID
  let database: DatabaseQueue
  private let lock: DirectoryLock?
  let wallClock: () -> Date
  /// What `forRunning` has read, for the first who asks: a million trials are not read twice.
  private var storedAtOpening: [StoredTrial]?
  /// What the manifest says about checkpoints.
  var retention = CheckpointRetention()
  /// Bytes of all checkpoints that are kept.
  package internal(set) var storedBytes = 0
  package var budget: Int? { retention.budget }
  /// Trials of which more than one checkpoint is kept.
  var crowded: Set<TrialID> = []

  /// Opens `path` to run `plan` there, making the directory if need be. Refuses a directory of something else, one that
  /// another process runs, and a plan that leaves out or changes what was run.
  /// - earlier: what the directory's manifest says of `replicate`.
  package static func forRunning(
    _ plan: SweepPlan, in path: String, earlier: Replication? = nil, wallClock: @escaping () -> Date = Date.init
  ) throws(StoreError) -> SweepStore {
    let directory = SweepDirectory(path)
    switch try directory.content() {
    case .foreign(let found): throw .foreign(directory: path, found: found)
    case .absent: try directory.create()
    case .empty, .sweep: break
    }
    try directory.refuseNetworkFileSystem()
    let store = try SweepStore(writing: directory, wallClock: wallClock)
    let stored = try store.trials(of: plan)
    let records = stored.lazy.map(\.record)
    let difference = plan.grown(by: records).difference(from: records) ?? plan.difference(fromEarlier: earlier)
    if let difference {
      throw .otherSweep(directory: path, difference: difference)
    }
    store.storedAtOpening = stored
    try store.keepStarts(plan.checkpointFiles)
    if (try? String(contentsOfFile: directory.manifest, encoding: .utf8)) != plan.source {
      try replaceFile(directory.manifest, with: plan.source)
    }
    store.retention = plan.checkpoints
    store.removeUnreferencedBlobs()
    store.storedBytes = try store.measureStoredBytes()
    store.crowded = try store.findCrowded()
    return store
  }

  /// Copies the checkpoints that the manifest names, so that the directory does not need them where they were.
  private func keepStarts(_ files: [String: [UInt8]]) throws(StoreError) {
    guard !files.isEmpty else { return }
    try makeDirectory(directory.starts)
    for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
      let path = directory.start(named: name)
      if FileManager.default.contents(atPath: path).map(Array.init) != bytes { try replaceFile(path, with: bytes) }
    }
  }

  /// Opens the sweep in `path` to look at it, also while another process runs it or where nothing can be written.
  package static func forReading(_ path: String) throws(StoreError) -> SweepStore {
    let directory = SweepDirectory(path)
    let content: SweepDirectory.Content
    do {
      content = try directory.content()
    } catch .notADirectory(let path) { throw .fileInsteadOfSweep(path: path) }
    guard content == .sweep else { throw .absent(directory: path) }
    return try SweepStore(reading: directory)
  }

  private init(writing directory: SweepDirectory, wallClock: @escaping () -> Date) throws(StoreError) {
    self.directory = directory
    self.wallClock = wallClock
    lock = try DirectoryLock(directory)
    blobs = BlobStore(root: directory.blobs)
    try blobs.create()
    var configuration = Configuration()
    configuration.label = "attune"
    configuration.journalMode = .wal
    // Readers hold a lock for moments only, such as while they replay the log.
    configuration.busyMode = .timeout(10)
    let place = directory.database
    let now = wallClock().timeIntervalSince1970
    (database, epoch, sweep) = try storing(place) {
      let database = try DatabaseQueue(path: place, configuration: configuration)
      try database.inDatabase { db in
        try db.execute(sql: "PRAGMA synchronous = FULL")
        // 64 MiB of log before it is written back: with short trials the default of 4 MiB would be ten times a second.
        _ = try Int.fetchOne(db, sql: "PRAGMA wal_autocheckpoint = 16384")
        try db.execute(sql: "PRAGMA cache_size = -32768")
      }
      let migrator = makeMigrator()
      try refuseForeignDatabase(database, migrator, directory)
      // Before any table, so that a start that ends here is known as this program's by the next one.
      try database.inDatabase { try $0.execute(sql: "PRAGMA application_id = \(applicationID)") }
      try migrator.migrate(database)
      let epoch = try database.write { db in
        let last = try Int64.fetchOne(db, sql: "SELECT max(epoch) FROM sessions") ?? 0
        try db.execute(
          sql: "INSERT INTO sessions (epoch, started, ended) VALUES (?, ?, ?)", arguments: [last + 1, now, now])
        return last + 1
      }
      let first = try database.read { db in
        try Double.fetchOne(db, sql: "SELECT started FROM sessions ORDER BY epoch LIMIT 1") ?? now
      }
      return (database, epoch, SweepID(rawValue: first.bitPattern))
    }
  }

  private init(reading directory: SweepDirectory) throws(StoreError) {
    self.directory = directory
    wallClock = Date.init
    lock = nil
    epoch = 0
    sweep = .unknown
    blobs = BlobStore(root: directory.blobs)
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(10)
    let place = directory.database
    database = try storing(place) {
      let database: DatabaseQueue
      do {
        database = try DatabaseQueue(path: place, configuration: configuration)
        _ = try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CANTOPEN && hasNoLog(directory) {
        // Where the log's index cannot be made, and no log is left, the file itself is everything.
        let escaped = place.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? place
        let frozen = try DatabaseQueue(path: "file:\(escaped)?immutable=1", configuration: configuration)
        try refuseForeignDatabase(frozen, makeMigrator(), directory)
        return frozen
      }
      try refuseForeignDatabase(database, makeMigrator(), directory)
      return database
    }
    // A start that ended before it had made the tables.
    let hasTables = try storing(place) { try database.read { try $0.tableExists("trials") } }
    if !hasTables { throw .absent(directory: directory.path) }
  }

  /// The trials as they were stored when the sweep was opened for running. Call once, before any commit.
  package func takeStoredAtOpening() throws(StoreError) -> [StoredTrial] {
    defer { storedAtOpening = nil }
    if let storedAtOpening { return storedAtOpening }
    return try trials()
  }

  /// Notes the end of this session's wall time. A full disk keeps it from that, not from closing.
  package func close() throws(StoreError) {
    do {
      try storing(directory.database) {
        guard epoch > 0 else { return }
        try database.write {
          try $0.execute(
            sql: "UPDATE sessions SET ended = ? WHERE epoch = ?",
            arguments: [wallClock().timeIntervalSince1970, epoch])
        }
      }
    } catch {
      if !error.mayPass { throw error }
    }
    try storing(directory.database) { try database.close() }
  }
}

/// Whether the database has no write-ahead log with content.
private func hasNoLog(_ directory: SweepDirectory) -> Bool {
  var status = stat()
  return stat(directory.database + "-wal", &status) != 0 || status.st_size == 0
}

private func refuseForeignDatabase(
  _ database: DatabaseQueue, _ migrator: DatabaseMigrator, _ directory: SweepDirectory
) throws {
  try database.read { db in
    let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
    let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    guard application == applicationID || tables == 0 else {
      throw StoreError.foreign(directory: directory.path, found: "a sweep.sqlite of another program")
    }
    if try migrator.hasBeenSuperseded(db) { throw StoreError.tooNew(directory: directory.path) }
  }
}
