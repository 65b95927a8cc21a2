// A validated sweep: what a manifest means, independent of YAML. Manifests makes it; everything else reads it.
// A cell is one value of every axis; all other searched parameters are tuned inside each cell.

/// What an axis does in the report.
package enum AxisRole: String, Codable, Sendable { case rows, columns, x, facet }

package struct Axis: Hashable, Sendable {
  package let name: ParameterName
  package let role: AxisRole
  /// In the manifest's order.
  package let values: [ParameterValue]
  package init(name: ParameterName, role: AxisRole, values: [ParameterValue]) {
    (self.name, self.role, self.values) = (name, role, values)
  }
}

package struct CellPlan: Sendable {
  package let id: CellID
  /// One value per axis, in the order of `SweepPlan.axes`.
  package let coordinates: [ParameterValue]
  /// The configurations to tune over, in the method's order; at least one, all different.
  package var configurations: [TrialConfiguration]
  /// Reporting seeds beyond those of the plan, as far as `replicate` has added any.
  package var furtherSeeds = 0
  package init(id: CellID, coordinates: [ParameterValue], configurations: [TrialConfiguration]) {
    (self.id, self.coordinates, self.configurations) = (id, coordinates, configurations)
  }
  package init(id: CellID, coordinates: [ParameterValue], candidates: [TrialParameters]) {
    self.init(id: id, coordinates: coordinates, configurations: candidates.map { TrialConfiguration($0) })
  }
}

package enum SearchMethod: String, CaseIterable, Codable, Sendable { case grid, random, sobol, bayes }

package struct ReportSettings: Hashable, Sendable {
  /// Of intervals and of the best set: α = 1 − confidence.
  package var confidence = 0.95
  /// On the normalised excess (docs/science.md §8.5).
  package var tieMargin = 0.01
  /// Figures of ln validation loss against the step besides those of the x axis.
  package var alongStep = false
  /// The manifest's own comparisons.
  package var contrasts: [Contrast] = []
  package init() {}
}

/// What tuning compares, as in W&B: `validation_loss` (default) or `train_loss`, minimised.
package struct SweepMetric: Hashable, Sendable {
  package enum Name: String, CaseIterable, Sendable {
    case validationLoss = "validation_loss"
    case trainLoss = "train_loss"
  }
  package var name = Name.validationLoss
  package init() {}
}

/// Which checkpoints of a sweep are kept. Decides no number, so it is no part of any identity.
package struct CheckpointRetention: Hashable, Sendable {
  /// Of a trial that has not ended, besides the best one.
  package var keepLast = 2
  /// Bytes that all checkpoints together may take; nil is no limit.
  package var budget: Int?
  package init() {}
}

package struct SweepPlan: Sendable {
  package var name: String
  package var description: String
  package var method: SearchMethod
  /// rows, columns, then x and facet where the manifest names them.
  package var axes: [Axis]
  /// Searched parameters that are not axes, sorted by name.
  package var tuned: [ParameterName]
  /// Of tuned parameters: while one takes no part its configurations have its default.
  package var conditions: [SearchCondition] = []
  package var cells: [CellPlan]
  package var tuneSeeds: [Seed]
  /// Of every cell; `replicate` adds further ones to some.
  package var reportSeeds: [Seed]
  package var metric: SweepMetric
  package var report: ReportSettings
  package var checkpoints = CheckpointRetention()
  /// Method bayes: what proposes the generations after the first. Nil for all other methods, whose cells are complete.
  package var search: SearchSettings?
  package var earlyTermination: EarlyTermination?
  package var replication: Replication?
  /// What the manifest calls its own activations and kernels, by their canonical texts. For people: no part of what a
  /// configuration is.
  package var names: [String: String] = [:]
  /// Checkpoints that the manifest names, by those names, as they were read; kept in DIR/starts, where a manifest of that
  /// directory finds them.
  package var checkpointFiles: [String: [UInt8]] = [:]
  /// The manifest as it was read, byte for byte; kept as DIR/manifest.yaml.
  package var source: String

  package init(
    name: String, description: String = "", method: SearchMethod, axes: [Axis], tuned: [ParameterName],
    cells: [CellPlan], tuneSeeds: [Seed], reportSeeds: [Seed], metric: SweepMetric = .init(),
    report: ReportSettings = .init(), source: String = ""
  ) {
    self.name = name
    self.description = description
    self.method = method
    self.axes = axes
    self.tuned = tuned
    self.cells = cells
    self.tuneSeeds = tuneSeeds
    self.reportSeeds = reportSeeds
    self.metric = metric
    self.report = report
    self.source = source
  }

  /// `warmup_steps (where schedule is cosine)`, or the name alone.
  package func tunedText(_ name: ParameterName) -> String {
    name.rawValue + (conditions.text(of: name, shown: shown).map { " (where \($0))" } ?? "")
  }

  /// A value as tables show it: by the manifest's own names.
  package func shown(_ value: ParameterValue) -> String {
    switch value {
    case .text(let text): names[text] ?? text
    case .list(let items): items.map(shown).joined(separator: "+")
    case .integer, .number, .flag, .mapping: value.description
    }
  }

  /// Indices of cells that differ in the column alone and so are compared with one another, in the plan's order.
  package var rows: [[Int]] {
    let columns = axes.firstIndex { $0.role == .columns }
    var rows: [[Int]] = []
    var positions: [[ParameterValue]: Int] = [:]
    for (index, cell) in cells.enumerated() {
      var key = cell.coordinates
      if let columns { key.remove(at: columns) }
      if let position = positions[key] {
        rows[position].append(index)
      } else {
        positions[key] = rows.count
        rows.append([index])
      }
    }
    return rows
  }

  package func reportSeeds(of cell: CellPlan) -> [Seed] {
    let first = UInt32(reportSeeds.count)
    return reportSeeds + (first..<first + UInt32(cell.furtherSeeds)).map { Seed(rawValue: $0) }
  }

  /// Trials of one cell by stage. A cell with one candidate is not tuned.
  package func plannedTrials(in cell: CellPlan) -> (tuning: Int, reference: Int, reporting: Int) {
    let tuning = cell.configurations.count > 1 ? cell.configurations.count * tuneSeeds.count : 0
    return (tuning, 1, reportSeeds.count + cell.furtherSeeds)
  }

  /// Every trial the sweep will have when it ends.
  package var plannedTrialCount: Int {
    cells.reduce(0) { sum, cell in
      let planned = plannedTrials(in: cell)
      return sum + planned.tuning + planned.reference + planned.reporting
    }
  }

  package func axis(_ role: AxisRole) -> Axis? { axes.first { $0.role == role } }
}
