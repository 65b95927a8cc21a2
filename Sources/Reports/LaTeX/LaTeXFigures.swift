// The pictures of a paper as pgfplots, which sets them in the document's own fonts: per row the learning curves and the
// seeds with their intervals. Every row has its SVG as well; of many rows the first are drawn here.
import Shared

/// Rows drawn: TeX takes a second for each.
private let drawnRows = 12

func figures(_ results: SweepResults, _ matrix: SweepMatrix) -> LaTeX {
  let parts = matrix.rows.prefix(drawnRows).enumerated().compactMap { index, row -> LaTeX? in
    guard row.cells.contains(where: { $0.measured.lnTestLoss != nil }) else { return nil }
    return """
      \\begin{figure}[p]
      \\centering
      \(curves(row, results))

      \(seeds(row))
      \\caption{\(shortened(row.label, to: 200)). Top: validation loss of the reporting seeds, geometric mean; band: one standard
      deviation of its logarithm. Bottom: test loss of every seed, and the \(percentLabel(row.settings.confidence)) t{-}interval of the mean
      of its logarithm. Dashed: the Bayes predictor; dotted: the zero predictor.}
      \\label{fig:attune-row-\(index + 1)}
      \\end{figure}
      """
  }
  let rest = matrix.rows.count - drawnRows
  let note: LaTeX =
    rest > 0 ? "% \(rest) more rows have pictures in the folder figures of `attune report --figures'.\n" : ""
  return "\(definitions)\n\(note)\(parts.joined())"
}

/// Colours of the page's lines.
private let definitions: LaTeX = {
  let colours = ChartStyle.colours.filter { $0.name.first == "c" && $0.name.count == 2 }
  return colours.map { colour -> LaTeX in
    "\\definecolor{attune\(colour.name)}{HTML}{\(colour.light.dropFirst().uppercased())}"
  }.joined()
}()

private func curves(_ row: MatrixRow, _ results: SweepResults) -> LaTeX {
  let lines = row.cells.enumerated().compactMap { index, cell -> LaTeX? in
    let curve = CurveSummary(cell.measured.present.compactMap { results.curves[$0.trial] }, limit: 60)
    guard !curve.points.isEmpty else { return nil }
    let colour = "attunec\(index % chartColours)"
    func path(_ value: (CurveSummary.Point) -> Double) -> LaTeX {
      curve.points.map { point -> LaTeX in "(\(point.step),\(number(value(point))))" }.joined(" ")
    }
    let band = (curve.points.map { ($0.step, $0.high) } + curve.points.reversed().map { ($0.step, $0.low) })
      .map { step, loss -> LaTeX in "(\(step),\(number(loss)))" }
    return """
      \\addplot[draw=none,fill=\(colour),fill opacity=.18,forget plot] coordinates {\(band.joined(" "))} -- cycle;
      \\addplot[\(colour),thick] coordinates {\(path(\.mean))};
      \\addlegendentry{\(shortened(cell.columnName, to: 24))}
      """
  }
  guard !lines.isEmpty else { return "" }
  return """
    \\begin{tikzpicture}
    \\begin{semilogyaxis}[width=.82\\linewidth,height=.36\\textheight,xlabel={step},ylabel={validation loss},
      legend pos=outer north east,legend cell align=left,legend style={draw=none,font=\\footnotesize},enlarge x limits=.02]
    \(lines.joined())
    \(levels(row, horizontal: true))
    \\end{semilogyaxis}
    \\end{tikzpicture}
    """
}

private func seeds(_ row: MatrixRow) -> LaTeX {
  let cells = row.cells.enumerated().filter { $0.element.measured.lnTestLoss != nil }
  let plots = cells.enumerated().map { place, entry -> LaTeX in
    let (index, cell) = (entry.offset, entry.element)
    let colour = "attunec\(index % chartColours)"
    let points = cell.measured.present.filter { $0.testLoss > 0 }.map { score -> LaTeX in
      "(\(number(score.testLoss)),\(place))"
    }
    var text: LaTeX = """
      \\addplot[only marks,mark=*,mark size=1.4pt,\(colour),fill opacity=.55] coordinates {\(points.joined(" "))};
      """
    if let interval = cell.measured.lnTestLoss?.interval(confidence: row.settings.confidence) {
      let (low, high) = (number(exponential(interval.low)), number(exponential(interval.high)))
      text += """
        \n\\addplot[\(colour),very thick,mark=|] coordinates {(\(low),\(place).25) (\(high),\(place).25)};
        """
    }
    return text
  }
  let names = cells.map { _, cell -> LaTeX in "{\(shortened(cell.columnName, to: 24))}" }
  return """
    \\begin{tikzpicture}
    \\begin{semilogxaxis}[width=.82\\linewidth,height=.3\\textheight,xlabel={test loss},ymin=-.6,ymax=\(cells.count - 1).8,
      y dir=reverse,ytick={0,...,\(max(0, cells.count - 1))},yticklabels={\(names.joined(","))},ytick style={draw=none}]
    \(plots.joined())
    \(levels(row, horizontal: false, lanes: cells.count))
    \\end{semilogxaxis}
    \\end{tikzpicture}
    """
}

/// Bayes and zero predictor across a picture, where they are near what was measured.
private func levels(_ row: MatrixRow, horizontal: Bool, lanes: Int = 0) -> LaTeX {
  guard let baselines = row.baselines else { return "" }
  let measured = row.cells.flatMap { $0.measured.present.map(\.testLoss) }
  let visible = ChartScale.visible(measured, levels: [baselines.bayes, baselines.zero])
  return [("dashed", baselines.bayes), ("dotted", baselines.zero)].filter { $0.1 > 0 && visible.contains($0.1) }
    .map { style, loss -> LaTeX in
      horizontal
        ? "\\draw[\(style)] ({rel axis cs:0,0}|-{axis cs:1,\(number(loss))}) -- ({rel axis cs:1,0}|-{axis cs:1,\(number(loss))});"
        : "\\addplot[\(style),black,forget plot] coordinates {(\(number(loss)),-.6) (\(number(loss)),\(lanes - 1).8)};"
    }.joined()
}

/// A coordinate, which pgfplots reads in this form; a text would have its hyphens in braces.
private func number(_ value: Double) -> LaTeX { LaTeX(stringLiteral: "\(value)") }
