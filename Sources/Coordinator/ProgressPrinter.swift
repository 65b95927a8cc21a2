// Shows a running sweep on standard error: one block that is drawn over itself on a terminal, a line every few seconds
// in a pipe, and notes above either.
import Foundation
import Scheduling
import Shared

final class ProgressPrinter {
  private let isTerminal = isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  /// On a terminal a change shows at once to the eye; a log file is not flooded.
  private var interval: Duration { isTerminal ? .milliseconds(200) : .seconds(5) }
  private(set) var nextUpdate = Duration.zero
  private var drawnLines = 0
  /// Shows no progress, where the program is only measured; what went wrong is told.
  private let isQuiet: Bool

  init(isQuiet: Bool = false) { self.isQuiet = isQuiet }

  /// Shows `snapshot` if it is time to.
  func show(at now: Duration, _ snapshot: () -> ProgressSnapshot) {
    guard now >= nextUpdate else { return }
    nextUpdate = now + interval
    if isQuiet { return }
    if isTerminal {
      let lines = ProgressDisplay.block(snapshot(), width: terminalWidth(of: 2) - 1)
      emit(eraser + lines.joined(separator: "\n") + "\n")
      drawnLines = lines.count
    } else {
      emit(ProgressDisplay.line(snapshot()) + "\n")
    }
  }

  /// A line that stays.
  func note(_ line: String) {
    emit(eraser + "attune: \(line)\n")
    drawnLines = 0
    if isTerminal { nextUpdate = .zero }
  }

  /// Takes the block away; what follows starts on its line.
  func clear() {
    emit(eraser)
    drawnLines = 0
  }

  /// Moves to the block's first line and erases from there on (ECMA-48, CPL and ED).
  private var eraser: String { drawnLines > 0 ? "\u{1B}[\(drawnLines)F\u{1B}[J" : "" }

  private func emit(_ text: String) {
    if !text.isEmpty { writeToStandardError(text) }
  }
}

/// Columns of the terminal behind a file descriptor; 100 where there is none.
func terminalWidth(of descriptor: Int32) -> Int {
  var size = winsize()
  if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
  return ProcessInfo.processInfo.environment["COLUMNS"].flatMap(Int.init) ?? 100
}

extension SweepScheduler {
  /// What a display shows.
  func snapshot(elapsed: Duration, names: (WorkerSession) -> String) -> ProgressSnapshot {
    let progress = progress
    var activities: [(session: WorkerSession, texts: [String])] = []
    for held in heldTrials {
      let record = held.record
      let what = record.stage == .reference ? "reference" : "seed \(record.seed.rawValue & ~Seed.firstTuning)"
      let text =
        "\(record.parameters.task) by \(record.parameters.heads), \(record.stage == .tuning ? "tuning " : "")\(what): "
        + "step \(countText(held.step)) of \(countText(record.plannedSteps))"
      if activities.last?.session == held.session {
        activities[activities.count - 1].texts.append(text)
      } else {
        activities.append((held.session, [text]))
      }
    }
    return ProgressSnapshot(
      sweepName: planName, done: progress.succeeded + progress.pruned, running: progress.running,
      failed: progress.failed + progress.cancelled, planned: progress.planned,
      stepsPerSecond: progress.stepsPerSecond, elapsed: elapsed,
      remaining: remaining(after: elapsed),
      workers: activities.map { .init(name: names($0.session), activity: $0.texts.joined(separator: "; ")) })
  }

  /// The time left, nil until it can be told. It follows from the steps done since the start, not from the present speed,
  /// which jumps with every trial that begins.
  func remaining(after elapsed: Duration) -> Duration? {
    let progress = progress
    let seconds = elapsed / .seconds(1)
    let steps = progress.stepsDone - stepsDoneAtStart
    guard seconds > 3, steps > 0 else { return nil }
    return duration(seconds: Double(max(0, progress.stepsPlanned - progress.stepsDone)) * seconds / Double(steps))
  }
}
