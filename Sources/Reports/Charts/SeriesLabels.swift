// The names of a chart's lines: beside their ends where there is room, as a row of keys where there is not.
import Shared

/// A line's name, the index of its colour and marker, and where it ends.
struct SeriesLabel {
  let name: String
  let index: Int
  /// In the chart's units.
  let place: Double
}

/// Names right of `x`, pushed apart where they would overlap and kept above `bottom`.
func endLabels(_ labels: [SeriesLabel], right x: Double, bottom: Double) -> Markup {
  let spacing = 15.0
  let sorted = labels.sorted { $0.place < $1.place }
  var places = sorted.map(\.place)
  for index in places.indices.dropFirst() { places[index] = max(places[index], places[index - 1] + spacing) }
  if let last = places.last, last > bottom {
    var limit = bottom
    for index in places.indices.reversed() {
      places[index] = min(places[index], limit)
      limit = places[index] - spacing
    }
  }
  return zip(sorted, places).map { label, place -> Markup in
    let colour = "c\(label.index % chartColours)"
    return SVG.marker(label.index, x + 10, place, style: "mark \(colour)")
      + SVG.text(shortened(label.name, to: 13), x + 18, place + 4, style: "name")
  }.joined("")
}

/// Names with their markers, for screens too narrow for names beside the lines' ends.
func seriesKeys(_ series: [(name: String, index: Int)]) -> Markup {
  let names = series.map { series -> Markup in
    let mark = SVG.marker(series.index, 0, 0, style: "mark c\(series.index % chartColours)")
    return
      "<span><svg class=\"chart key\" viewBox=\"-6 -6 12 12\" aria-hidden=\"true\">\(mark)</svg> \(series.name)</span>"
  }
  return names.isEmpty ? "" : "<p class=\"keys\">\(names.joined(" "))</p>"
}

/// Colours of the style sheet; more series repeat them with dashed lines and other markers.
let chartColours = 8
