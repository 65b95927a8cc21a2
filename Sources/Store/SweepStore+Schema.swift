// The tables of sweep.sqlite. A change to them is a new migration at the end of the list, never an edit of one.
// Floating-point results are kept as INTEGER bit patterns, so that nothing rounds them and NaN survives.
internal import GRDB
import Shared

/// Marks the file as one of this program's ("attu").
let applicationID: Int32 = 0x6174_7475

func makeMigrator() -> DatabaseMigrator {
  var migrator = DatabaseMigrator()
  migrator.registerMigration("1: trials") { db in
    try db.execute(sql: "PRAGMA application_id = \(applicationID)")
    try db.execute(
      sql: """
        CREATE TABLE sessions (
          epoch INTEGER PRIMARY KEY,      -- boot epoch: one opening for writing
          started REAL NOT NULL,          -- wall clock, seconds since 1970
          ended REAL NOT NULL             -- of the latest commit or the closing
        ) STRICT;
        CREATE TABLE configurations (
          id INTEGER PRIMARY KEY,
          digest TEXT NOT NULL UNIQUE,    -- ConfigurationID
          canonical TEXT NOT NULL         -- canonical JSON
        ) STRICT;
        CREATE TABLE trials (
          id INTEGER PRIMARY KEY,
          configuration INTEGER NOT NULL REFERENCES configurations(id),
          seed INTEGER NOT NULL,
          stage TEXT NOT NULL,
          state TEXT NOT NULL,
          failures INTEGER NOT NULL,
          attempts INTEGER NOT NULL,
          token_epoch INTEGER, token_counter INTEGER,
          holder INTEGER,                 -- WorkerSession's bits
          reason TEXT,
          outcome TEXT,                   -- with all that follows, NULL until there is a result
          \(metricColumns.map { "\($0.name) INTEGER," }.joined(separator: " "))  -- bit patterns of doubles
          checkpoint TEXT,
          steps INTEGER,
          seconds REAL,
          UNIQUE (configuration, seed)    -- a trial's identity
        ) STRICT;
        CREATE TABLE points (
          trial INTEGER NOT NULL REFERENCES trials(id),
          step INTEGER NOT NULL,
          train_loss INTEGER NOT NULL, validation_loss INTEGER NOT NULL, learning_rate INTEGER NOT NULL,
          PRIMARY KEY (trial, step)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE checkpoints (
          trial INTEGER NOT NULL REFERENCES trials(id),
          step INTEGER NOT NULL,
          digest TEXT NOT NULL,
          bytes INTEGER NOT NULL,
          collected INTEGER NOT NULL DEFAULT 0,  -- 1: superseded, its blob is gone
          PRIMARY KEY (trial, step, digest)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX checkpoints_by_digest ON checkpoints(digest);
        CREATE TABLE workers (
          session INTEGER PRIMARY KEY,
          epoch INTEGER NOT NULL REFERENCES sessions(epoch),
          host TEXT NOT NULL, process INTEGER NOT NULL, slots INTEGER NOT NULL, threads INTEGER NOT NULL,
          instruction_set TEXT NOT NULL, program_version TEXT NOT NULL
        ) STRICT;
        """)
  }
  migrator.registerMigration("2: attempts") { db in
    try db.execute(
      sql: """
        ALTER TABLE trials ADD COLUMN granted REAL;  -- wall clock of the latest grant
        ALTER TABLE trials ADD COLUMN ended REAL;    -- of its end, however it ended; NULL while it goes on
        ALTER TABLE trials ADD COLUMN worker INTEGER;  -- session of the latest grant; kept after its end
        CREATE TABLE attempts (                      -- those that ended without a result
          trial INTEGER NOT NULL REFERENCES trials(id),
          token_epoch INTEGER NOT NULL, token_counter INTEGER NOT NULL,
          worker INTEGER, granted REAL, ended REAL,
          reason TEXT,
          PRIMARY KEY (trial, token_epoch, token_counter)
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE workers ADD COLUMN key TEXT;     -- name of the key it showed; NULL without keys
        """)
  }
  return migrator
}

/// FinalMetrics column by column: the one list that writing, reading and the schema go by.
let metricColumns: [(name: String, field: WritableKeyPath<FinalMetrics, Double> & Sendable)] = [
  ("train_loss", \.trainLoss), ("validation_loss", \.validationLoss), ("test_loss", \.testLoss),
  ("test_loss_standard_error", \.testLossStandardError), ("excess", \.excess),
  ("excess_standard_error", \.excessStandardError), ("bayes_loss", \.bayesLoss), ("zero_loss", \.zeroLoss),
  ("reference_loss", \.referenceLoss), ("bayes_identity_z", \.bayesIdentityZ),
]

/// A double as SQLite keeps it; every NaN is the same one.
func storedBits(_ value: Double) -> Int64 {
  Int64(bitPattern: value.isNaN ? Double.nan.bitPattern : value.bitPattern)
}

func double(storedBits bits: Int64) -> Double { Double(bitPattern: UInt64(bitPattern: bits)) }

extension FinalMetrics {
  /// The stored form of every metric, in the order of `metricColumns`; written out, since a key path costs as much as the
  /// statement that takes the value.
  var storedColumns: [Int64] {
    [
      storedBits(trainLoss), storedBits(validationLoss), storedBits(testLoss), storedBits(testLossStandardError),
      storedBits(excess), storedBits(excessStandardError), storedBits(bayesLoss), storedBits(zeroLoss),
      storedBits(referenceLoss), storedBits(bayesIdentityZ),
    ]
  }
}
