// Rows whose seeds are added until they are decided: when the last reporting trial of a row has ended, its results say
// which cells go on. How much that is is Search's; here it becomes trials.
import Search
import Shared

/// Cells that are compared with one another.
struct RowProgress {
  /// Indices, in the plan's order.
  let cells: [Int]
  /// Cells whose reporting trials have not all ended.
  var remaining: Int
}

extension SweepScheduler {
  mutating func layOutRows() {
    rows = plan.rows.map { RowProgress(cells: $0, remaining: $0.count) }
    rowOfCell = Array(repeating: 0, count: plan.cells.count)
    for (row, progress) in rows.enumerated() {
      for cell in progress.cells { rowOfCell[cell] = row }
    }
  }

  /// All that a cell was to train so far has ended.
  mutating func finish(_ cell: Int) {
    guard !rows.isEmpty else {
      cells[cell].phase = .done
      finishedCells += 1
      return
    }
    cells[cell].phase = .waiting
    rows[rowOfCell[cell]].remaining -= 1
    if rows[rowOfCell[cell]].remaining == 0 { judge(rowOfCell[cell]) }
  }

  /// Adds the seeds that the row's results ask for; without any its cells are done.
  private mutating func judge(_ row: Int) {
    let members = rows[row].cells
    let ended = members.map { cell in
      cells[cell].isImpossible ? [] : cells[cell].reporting.map { trials[$0].record }
    }
    let steps = plan.nextSeeds(row: members, trials: ended)
    for (cell, step) in zip(members, steps) { commands.append(.note(.replicated(plan.cells[cell].id, step))) }
    guard steps.contains(where: { $0.seeds > 0 }) else {
      for cell in members { cells[cell].phase = .done }
      finishedCells += members.count
      return
    }
    let growing = zip(members, steps).filter { $0.1.seeds > 0 }
    rows[row].remaining = growing.count
    for (cell, step) in growing { addSeeds(step.seeds, to: cell) }
    // Of a plan that goes on they may all have ended; the last one judges the row again.
    for (cell, _) in growing { enter(.reporting, with: cells[cell].reporting, cell: cell) }
  }

  private mutating func addSeeds(_ count: Int, to cell: Int) {
    let known = cells[cell].reporting.count
    plan.cells[cell].furtherSeeds += count
    let planned = plan.reportingTrials(of: plan.cells[cell], selected: cells[cell].candidate)
    for (position, trial) in planned.enumerated().dropFirst(known) {
      cells[cell].reporting.append(materialise(trial, for: [cell], position: position))
    }
    persistNewRecords()
    for trial in cells[cell].reporting.dropFirst(known) { makeReady(trial) }
  }
}
