// A statement that is bound and stepped by SQLite's own functions. GRDB checks, boxes and copies every argument, which for
// a row of 21 numbers takes several times what SQLite takes for the row; a sweep of short trials writes 100,000 a second.
// Transactions, and every other statement, stay GRDB's.
internal import GRDB
internal import GRDBSQLite

/// Use within one access to the database that made it. Every argument is bound anew for each run.
struct PlainStatement {
  private let statement: Statement
  private let pointer: OpaquePointer
  private let connection: OpaquePointer?
  /// Of an argument that could not be bound.
  private var failure = SQLITE_OK

  /// Takes the statement from the connection's cache.
  init(_ db: Database, _ sql: String) throws {
    statement = try db.cachedStatement(sql: sql)
    pointer = statement.sqliteStatement
    connection = db.sqliteConnection
  }

  mutating func bind(_ place: Int32, _ value: Int64?) {
    note(value.map { sqlite3_bind_int64(pointer, place, $0) } ?? sqlite3_bind_null(pointer, place))
  }

  mutating func bind(_ place: Int32, _ value: Int) { bind(place, Int64(value)) }

  mutating func bind(_ place: Int32, _ value: Double) { note(sqlite3_bind_double(pointer, place, value)) }

  mutating func bind(_ place: Int32, _ text: String?) {
    guard var text else { return bind(place, nil as Int64?) }
    note(
      text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          // Copied: it need not outlive this call.
          sqlite3_bind_text(pointer, place, $0.baseAddress, Int32($0.count), Self.transient)
        }
      })
  }

  private mutating func note(_ code: Int32) { if code != SQLITE_OK { failure = code } }

  /// Returns how many rows it changed.
  mutating func run() throws -> Int {
    var code = failure
    failure = SQLITE_OK
    if code == SQLITE_OK { code = sqlite3_step(pointer) }
    let message = code == SQLITE_DONE ? nil : String(cString: sqlite3_errmsg(connection))
    sqlite3_reset(pointer)
    guard code == SQLITE_DONE else { throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message) }
    return Int(sqlite3_changes(connection))
  }

  /// SQLITE_TRANSIENT, which Swift does not import.
  private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
