// How near trained networks are to the form that theory gives stationary points: BᵀC ∝ Σ⁻¹ and A ∝ I, at the end of
// training as a table, and along it as pictures where that was measured.
import Shared

/// The cells whose networks' form was measured.
private func structureCells(_ theory: TheoryFindings, _ matrix: SweepMatrix) -> [StructureCell] {
  let byTrial = Dictionary(theory.structures.map { ($0.trial, $0.points) }) { first, _ in first }
  return matrix.rows.flatMap { row in
    row.cells.compactMap { cell -> StructureCell? in
      let curves = cell.measured.present.compactMap { byTrial[$0.trial.rawValue] }.filter { !$0.isEmpty }
      return curves.isEmpty ? nil : StructureCell(title: "\(row.label), \(cell.columnName)", curves: curves, cell: cell)
    }
  }
}

func structurePictures(
  _ theory: TheoryFindings, _ matrix: SweepMatrix, _ names: inout FileNames
) -> [Picture] {
  structureCells(theory, matrix).flatMap(\.panels).map { panel in
    picture(
      panel, id: names.name(["form", panel.yName, panel.title]),
      caption: "\(panel.yName) against the step; mean over the reporting seeds, band one standard deviation.")
  }
}

func structureSection(_ theory: TheoryFindings, _ matrix: SweepMatrix, _ pictures: ReportPictures) -> Markup {
  let cells = structureCells(theory, matrix)
  guard !cells.isEmpty else { return "" }
  let panels: Markup =
    pictures.structures.isEmpty ? "" : "<div class=\"panels\">\(pictures.structures.map(panel).joined())</div>"
  return """
    <section>
    <h2>The form of the networks</h2>
    <p class="quiet">Theory’s stationary points have BᵀC = cΣ⁻¹ and A = aI. Distances are min ‖BᵀC − cΣ⁻¹‖/‖BᵀC‖ over c and
    min ‖A − aI‖/‖A‖ over a, per layer: 0 has the form, a random matrix has √(1 − 1/d²). The last layer’s A has no part in the
    prediction. Means over the reporting seeds, bands one standard deviation; the gradient’s norm is that of the loss on
    validation prompts, at the end of training.</p>
    <div class="scroll"><table class="dense"><thead><tr><th>cell</th><th>seeds</th><th>|gradient|</th><th>BᵀC, by layer</th>
    <th>A, by layer</th></tr></thead>
    <tbody>\(cells.map(\.row).joined())</tbody></table></div>
    \(panels)
    </section>
    """
}

private struct StructureCell {
  let title: String
  /// One per seed.
  let curves: [[TheoryFindings.Point]]
  let cell: MatrixCell

  private var ends: [TheoryFindings.Point] { curves.compactMap(\.last) }
  /// Layer and head, and a name for both.
  private var places: [(layer: Int, head: Int, name: String)] {
    let heads = cell.measured.heads.activations
    return (ends.first?.scores.indices.map { $0 } ?? []).flatMap { layer in
      heads.indices.map { head in
        (layer, head, heads.count == 1 ? "layer \(layer + 1)" : "layer \(layer + 1), \(heads[head])")
      }
    }
  }

  var row: Markup {
    let gradient = SampleSummary(ends.map(\.gradientNorm))?.mean ?? .nan
    func texts(_ distances: (TheoryFindings.Point) -> [[Double?]]) -> String {
      places.map { place in
        fixedText(summary(ends, distances, place.layer, place.head)?.mean ?? .nan, decimals: 3)
      }.joined(separator: ", ")
    }
    let isSparse = cell.measured.parameters.value == .sparse
    return """
      <tr><th scope="row">\(title)</th><td>\(curves.count)</td><td>\(numberText(gradient, digits: 2))</td>\
      <td>\(texts(\.scores))</td><td>\(isSparse ? "0" : texts(\.shifts))</td></tr>
      """
  }

  /// Of BᵀC, and of A where it is trained.
  var panels: [FigureChart] {
    guard curves.allSatisfy({ $0.count > 1 }) else { return [] }
    let scores = panel("distance of BᵀC from cΣ⁻¹", \.scores, places)
    let last = (ends.first?.scores.count ?? 1) - 1
    let moved = places.filter { $0.layer < last }
    guard cell.measured.parameters.value == .free, !moved.isEmpty else { return [scores] }
    return [scores, panel("distance of A from aI", \.shifts, moved)]
  }

  private func panel(
    _ yName: String, _ distances: (TheoryFindings.Point) -> [[Double?]],
    _ places: [(layer: Int, head: Int, name: String)]
  ) -> FigureChart {
    let steps = curves[0].map(\.step)
    let series = places.enumerated().map { index, place in
      FigureChart.Series(
        name: place.name, index: index,
        points: steps.compactMap { step in
          summary(curves.compactMap { $0.first { $0.step == step } }, distances, place.layer, place.head).map {
            (Double(step), "\(step)", $0)
          }
        })
    }
    let ticks = ChartScale(linear: 0...Double(steps.last ?? 1), start: 0, end: 1).ticks(count: 5)
    return FigureChart(
      title: title, xName: "step", yName: yName, ticks: ticks.map { ($0.value, $0.label) }, series: series, bayes: [])
  }

  private func summary(
    _ points: [TheoryFindings.Point], _ distances: (TheoryFindings.Point) -> [[Double?]], _ layer: Int, _ head: Int
  ) -> SampleSummary? {
    SampleSummary(
      points.compactMap { point in
        let all = distances(point)
        return all.indices.contains(layer) && all[layer].indices.contains(head) ? all[layer][head] : nil
      })
  }
}
