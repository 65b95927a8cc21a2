// `attune export`: a sweep's results for other programs.
internal import ArgumentParser
import Exports
import Foundation
import Reports
import Shared
import Store

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a sweep's results for TensorBoard, pandas or PyTorch.",
    discussion: """
      Examples:
        attune export tensorboard runs/quickstart --out runs/quickstart-tensorboard
        attune export metrics runs/quickstart --out metrics.csv
        attune export checkpoints runs/quickstart --out winners
      """,
    subcommands: [ExportTensorBoard.self, ExportMetrics.self, ExportCheckpoints.self])
}

/// What every export reads and writes.
struct ExportPlaces: ParsableArguments {
  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String
  @Option(help: ArgumentHelp("The folder or the file to write.", valueName: "path"))
  var out: String

  func validate() throws {
    try requireSweepName(directory)
    try requireWord(out, "--out", "name where to write")
  }
}

struct ExportTensorBoard: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tensorboard",
    abstract: "Write event files that TensorBoard reads, a run per trial.",
    discussion: """
      The folder is tensorboard's --logdir. Runs are named by row, column and seed. Their time is the time that the trial took, from 0. The last step has the
      final numbers under final/.

      Example:
        attune export tensorboard runs/quickstart --out runs/quickstart-tensorboard
      """)

  @OptionGroup var places: ExportPlaces
  @Flag(help: "Tuning trials too, not only those of the reporting seeds.")
  var all = false

  func run() throws {
    let sweep = try StoredSweep(reading: places.directory)
    let place = normalizedDirectory(places.out)
    let curves = try sweep.store.curves()
    var names = RunNames(sweep.plan)
    var count = 0
    for trial in sweep.trials.current where trial.stage == .reporting || all {
      let events = scalarEvents(trial, curves[trial.id] ?? [])
      guard !events.isEmpty else { continue }
      let folder = place + "/" + names.name(of: trial)
      try makeDirectory(folder)
      // The name must hold "tfevents"; two exports of one sweep write the same file.
      try replaceFile(folder + "/events.out.tfevents.0000000000.attune", with: try eventFile(events))
      count += 1
    }
    print("wrote  \(countText(count, "run")) in \(place); read them with `tensorboard --logdir \(place)`")
  }

  private func scalarEvents(_ trial: TrialRecord, _ curve: [MetricPoint]) -> [ScalarEvent] {
    let last = max(trial.result?.steps ?? 0, curve.last?.step ?? 0)
    func time(_ step: Int) -> Double { (trial.result?.seconds ?? 0) * Double(step) / Double(max(1, last)) }
    var events = curve.map { point in
      ScalarEvent(
        step: point.step, wallTime: time(point.step),
        scalars: [
          ("train_loss", point.trainLoss), ("validation_loss", point.validationLoss),
          ("learning_rate", point.learningRate),
        ])
    }
    if let result = trial.result {
      let measured = result.metrics.named.filter { !$0.value.isNaN }.map { (tag: "final/\($0.name)", value: $0.value) }
      events.append(ScalarEvent(step: result.steps, wallTime: time(result.steps), scalars: measured))
    }
    return events
  }
}

struct ExportMetrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Write every metric of every trial as one tidy CSV file.",
    discussion: """
      One line per trial, step and metric: the curves (kind curve) and the final numbers (kind final). Numbers read back as
      the same bits. docs/python.md shows what pandas makes of it.

      Example:
        attune export metrics runs/quickstart --out metrics.csv
      """)

  @OptionGroup var places: ExportPlaces
  @Flag(help: "Only the final numbers, without the curves.")
  var final = false

  func run() throws {
    let sweep = try StoredSweep(reading: places.directory)
    let table = MetricsTable(sweep.plan)
    let curves = final ? [:] : try sweep.store.curves()
    let file = try LineFile(places.out)
    try file.write(table.header)
    var count = 0
    for trial in sweep.trials.current {
      for line in table.lines(trial, name: "\(trial.id)", curve: curves[trial.id] ?? []) {
        try file.write(line)
        count += 1
      }
    }
    try file.close()
    print("wrote  \(countText(count, "line")) of \(countText(sweep.trials.current.count, "trial")) to \(places.out)")
  }
}

struct ExportCheckpoints: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoints",
    abstract: "Copy the trained networks of the best set as safetensors files.",
    discussion: """
      Of every row the networks of its best set, one file per reporting seed, and index.csv with what each of them is and
      scored. They are the stored bytes: any reader of safetensors opens them (docs/python.md).

      Example:
        attune export checkpoints runs/quickstart --out winners
      """)

  @OptionGroup var places: ExportPlaces
  @Flag(help: "The networks of every cell, not only of the best sets.")
  var all = false

  func run() throws {
    let sweep = try StoredSweep(reading: places.directory)
    let matrix = SweepMatrix(results: try sweep.results())
    let place = normalizedDirectory(places.out)
    try makeDirectory(place)
    var names = FileNames()
    var index: [[TableValue]] = [["row", "column", "seed", "trial", "test_loss", "digest", "file"].map { .text($0) }]
    for row in matrix.rows {
      for cell in row.cells where all || cell.inBestSet {
        let folder = names.name([row.label, cell.columnName], separator: "/")
        if !cell.measured.present.isEmpty { try makeDirectory(place + "/" + folder) }
        for score in cell.measured.present {
          let file = "\(folder)/seed-\(score.seed).safetensors"
          try replaceFile(place + "/" + file, with: try sweep.store.blobs.bytes(score.checkpoint))
          index.append([
            .text(row.label), .text(cell.columnName), .text("\(score.seed)"), .text("\(score.trial)"),
            .number(score.testLoss), .text(score.checkpoint.rawValue), .text(file),
          ])
        }
      }
    }
    try replaceFile(place + "/index.csv", with: try TableFormat.csv.text(index) + "\n")
    print("wrote  \(countText(index.count - 1, "network")) in \(place)")
  }
}

/// Folders of runs: row/column/reporting-seed-3; tuning runs are told apart by their trial's number too.
private struct RunNames {
  private let plan: SweepPlan
  private var cells: [CellID: String] = [:]
  private var names = FileNames()

  init(_ plan: SweepPlan) { self.plan = plan }

  mutating func name(of trial: TrialRecord) -> String {
    let folder: String
    if let known = cells[trial.cell] {
      folder = known
    } else {
      let cell = plan.cells.first { $0.id == trial.cell }
      let texts = zip(plan.axes, cell?.coordinates ?? []).map { axis, value in
        axis.role == .rows || axis.role == .columns
          ? plan.shown(value) : "\(axis.name.rawValue)-\(plan.shown(value))"
      }
      folder = names.name(texts, separator: "/")
      cells[trial.cell] = folder
    }
    let seed = "seed-\(trial.seed.rawValue & ~Seed.firstTuning)"
    return trial.stage == .reporting
      ? "\(folder)/\(seed)" : "\(folder)/\(trial.stage.rawValue)-\(seed)-trial-\(trial.id)"
  }
}
