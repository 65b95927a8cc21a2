// The live block and the line for pipes, word for word and at awkward widths.
import Shared
import Testing

@Suite struct ProgressDisplayTests {
  private func snapshot(workers: Int = 0, remaining: Duration? = .seconds(40)) -> ProgressSnapshot {
    ProgressSnapshot(
      sweepName: "quickstart", done: 96, running: 2, failed: 1, planned: 156, stepsPerSecond: 1834.4,
      elapsed: .seconds(72), remaining: remaining,
      workers: (0..<workers).map {
        .init(name: "worker \($0 + 1)", activity: "relu by exp, seed \($0): step 800 of 2000")
      })
  }

  @Test func `the block shows a bar, counts, times and workers`() {
    #expect(
      ProgressDisplay.block(snapshot(workers: 2), width: 100) == [
        "quickstart  ████████████████████████░░░░░░░░░░░░░░░░  62 %",
        "96 of 156 trials done, 2 running, 1 failed · 1,834 steps/s · 1 min 12 s so far · about 40 s left",
        "  worker 1: relu by exp, seed 0: step 800 of 2000",
        "  worker 2: relu by exp, seed 1: step 800 of 2000",
      ])
  }

  @Test func `many workers are counted, not listed`() {
    let lines = ProgressDisplay.block(snapshot(workers: 20), width: 80)
    #expect(lines.count == ProgressDisplay.maximumLines)
    #expect(lines.last == "  and 17 workers more")
    #expect(ProgressDisplay.block(snapshot(workers: 4), width: 80).last?.hasPrefix("  worker 4") == true)
  }

  @Test func `no line is wider than the terminal`() {
    for width in 0...120 {
      for line in ProgressDisplay.block(snapshot(workers: 9), width: width) { #expect(line.count <= max(1, width)) }
    }
  }

  @Test func `a pipe gets one line`() {
    #expect(
      ProgressDisplay.line(snapshot())
        == """
        quickstart: 62 %, 96 of 156 trials done, 2 running, 1 failed, 1,834 steps/s, 1 min 12 s so far, about 40 s left
        """)
    #expect(ProgressDisplay.line(snapshot(remaining: nil)).hasSuffix("1 min 12 s so far"))
  }

  @Test func `the share is 100 % only when all have ended`() {
    var almost = snapshot()
    (almost.done, almost.failed, almost.planned) = (999_999, 0, 1_000_000)
    #expect(ProgressDisplay.line(almost).contains("99 %"))
    almost.failed = 1
    #expect(ProgressDisplay.line(almost).contains("100 %"))
    (almost.done, almost.planned) = (0, 0)
    #expect(almost.fraction == 1)
  }

  @Test func `names cannot command the terminal`() {
    var hostile = snapshot(workers: 1)
    hostile.sweepName = "a\u{1B}[2Jb\n"
    hostile.workers[0].name = "w\u{1B}]0;x\u{7}"
    let shown = ProgressDisplay.block(hostile, width: 80) + [ProgressDisplay.line(hostile)]
    for line in shown {
      #expect(!line.unicodeScalars.contains { $0.value < 32 || $0.value == 127 })
    }
  }

  @Test func `a speed that is not a number is left out`() {
    var odd = snapshot()
    odd.stepsPerSecond = .nan
    #expect(!ProgressDisplay.line(odd).contains("steps/s"))
  }
}
