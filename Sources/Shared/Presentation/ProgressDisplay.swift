// How a sweep that runs is shown: a block of lines for a terminal, one line for a pipe. Pure text without escape codes
// or colour; the caller moves the cursor.

package struct ProgressSnapshot: Sendable {
  /// What one worker does now, in words: `relu by exp, seed 3: step 800 of 2000`.
  package struct Worker: Sendable {
    package var name: String
    package var activity: String
    package init(name: String, activity: String) { (self.name, self.activity) = (name, activity) }
  }

  package var sweepName: String
  /// Trials that succeeded.
  package var done: Int
  package var running: Int
  /// Failed and quarantined trials.
  package var failed: Int
  /// All trials there will be.
  package var planned: Int
  /// Optimiser steps of all trials together.
  package var stepsPerSecond: Double
  package var elapsed: Duration
  /// Nil until there is something to estimate it from.
  package var remaining: Duration?
  package var workers: [Worker]

  package init(
    sweepName: String, done: Int, running: Int, failed: Int, planned: Int, stepsPerSecond: Double, elapsed: Duration,
    remaining: Duration?, workers: [Worker] = []
  ) {
    self.sweepName = sweepName
    self.done = done
    self.running = running
    self.failed = failed
    self.planned = planned
    self.stepsPerSecond = stepsPerSecond
    self.elapsed = elapsed
    self.remaining = remaining
    self.workers = workers
  }

  /// Share of the trials that have ended, 0 to 1. Nothing planned is all done.
  package var fraction: Double {
    planned > 0 ? min(1, max(0, Double(done + failed) / Double(planned))) : 1
  }
}

package enum ProgressDisplay {
  /// Lines of the block at most.
  package static let maximumLines = 6

  /// The live block of a terminal of `width` columns: 2 to `maximumLines` lines, none longer than `width`. It repeats
  /// nothing, so the caller erases the last block and prints this one.
  package static func block(_ snapshot: ProgressSnapshot, width: Int) -> [String] {
    let width = max(1, width)
    var lines = [
      bar(snapshot, width: width),
      ([counts(snapshot)] + times(snapshot)).joined(separator: " · "),
    ]
    let room = maximumLines - lines.count
    let shown = snapshot.workers.count <= room ? snapshot.workers.count : room - 1
    lines += snapshot.workers.prefix(shown).map { "  \($0.name): \($0.activity)" }
    if snapshot.workers.count > shown {
      lines.append("  and \(countText(snapshot.workers.count - shown)) workers more")
    }
    return lines.map { terminalLine($0, columns: width) }
  }

  /// One line for a log file or a pipe.
  package static func line(_ snapshot: ProgressSnapshot) -> String {
    ([terminalLine(snapshot.sweepName, columns: .max) + ": \(percent(snapshot))", counts(snapshot)] + times(snapshot))
      .joined(separator: ", ")
  }

  /// `quickstart  ██████░░░░  62 %`
  private static func bar(_ snapshot: ProgressSnapshot, width: Int) -> String {
    let name = snapshot.sweepName, percent = percent(snapshot)
    let room = min(40, width - terminalColumns(name) - percent.count - 4)
    guard room >= 4 else { return "\(percent) \(name)" }
    let full = Int((snapshot.fraction * Double(room)).rounded(.down))
    return "\(name)  " + String(repeating: "█", count: full) + String(repeating: "░", count: room - full)
      + "  \(percent)"
  }

  /// Rounded down: 100 % means that nothing is left.
  private static func percent(_ snapshot: ProgressSnapshot) -> String { "\(Int(snapshot.fraction * 100)) %" }

  private static func counts(_ snapshot: ProgressSnapshot) -> String {
    "\(countText(snapshot.done)) of \(countText(snapshot.planned)) trials done, \(countText(snapshot.running)) running, "
      + "\(countText(snapshot.failed)) failed"
  }

  private static func times(_ snapshot: ProgressSnapshot) -> [String] {
    var parts: [String] = []
    if snapshot.stepsPerSecond.isFinite, snapshot.stepsPerSecond >= 0, snapshot.stepsPerSecond < 1e15 {
      parts.append("\(countText(Int(snapshot.stepsPerSecond.rounded()))) steps/s")
    }
    parts.append("\(durationText(snapshot.elapsed)) so far")
    if let remaining = snapshot.remaining { parts.append("about \(durationText(remaining)) left") }
    return parts
  }
}
