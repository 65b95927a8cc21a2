// Shows a running sweep on standard error: one block that is drawn over itself on a terminal, a line every few seconds
// in a pipe, and notes above either.
import Foundation
import Scheduling
import Shared

final class ProgressPrinter {
  private let isTerminal = canBeDrawnOver(2)
  /// On a terminal a change shows at once to the eye; a log file is not flooded.
  private var interval: Duration { isTerminal ? .milliseconds(200) : .seconds(5) }
  private(set) var nextUpdate = Duration.zero
  private var block = TerminalBlock()
  /// Shows no progress, where the program is only measured; what went wrong is told.
  private let isQuiet: Bool

  init(isQuiet: Bool = false) { self.isQuiet = isQuiet }

  /// Shows `snapshot` if it is time to.
  func show(at now: Duration, _ snapshot: () -> ProgressSnapshot) {
    guard now >= nextUpdate else { return }
    nextUpdate = now + interval
    if isQuiet { return }
    if isTerminal {
      let size = terminalSize(of: 2)
      let lines = ProgressDisplay.block(snapshot(), width: size.columns - 1)
      emit(block.draw(lines, columns: size.columns, rows: size.rows))
    } else {
      emit(ProgressDisplay.line(snapshot()) + "\n")
    }
  }

  /// A line that stays.
  func note(_ line: String) {
    emit(eraser + "attune: \(terminalLine(line, columns: .max))\n")
    if isTerminal { nextUpdate = .zero }
  }

  /// Takes the block away; what follows starts on its line.
  func clear() {
    emit(eraser)
  }

  private var eraser: String { block.erase(columns: terminalSize(of: 2).columns) }

  private func emit(_ text: String) {
    if !text.isEmpty { writeToStandardError(text) }
  }
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
