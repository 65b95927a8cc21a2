// What `attune theory structure` prints: one trial's numbers, or means and deviations over the seeds of a cell.
import Foundation
import Shared
import Theory

struct StructureAnswer: Encodable {
  let trial: Int64
  let configuration: String
  let seed: UInt32
  let points: [StructurePoint]
  let layers: [LayerDistance]
  fileprivate let parameters: TrialParameters

  init(_ record: TrialRecord, points: [StructurePoint], layers: [LayerDistance]) {
    (trial, configuration) = (record.id.rawValue, record.parameters.canonicalJSON)
    (seed, parameters) = (record.seed.rawValue, record.parameters)
    (self.points, self.layers) = (points, layers)
  }

  private enum CodingKeys: CodingKey { case trial, configuration, seed, points, layers }
}

/// One text per configuration, over all of its trials.
func structureText(_ answers: [StructureAnswer]) -> [String] {
  var order: [String] = []
  for answer in answers where !order.contains(answer.configuration) { order.append(answer.configuration) }
  return order.map { configuration in text(answers.filter { $0.configuration == configuration }) }
}

/// - answers: of one configuration, at least one, all with the same steps.
private func text(_ answers: [StructureAnswer]) -> String {
  let first = answers[0], parameters = first.parameters
  let head = ["step", "loss", "|gradient|", "layer", "head", "c", "|B'C-cS|", "a", "|A-aI|", "r"]
  var rows = [head]
  for (place, point) in first.points.enumerated() {
    let points = answers.compactMap { $0.points.indices.contains(place) ? $0.points[place] : nil }
    for (index, found) in point.heads.enumerated() {
      func column(_ value: (HeadStructure) -> Double?) -> String {
        over(points.map { value($0.heads[index]) }, "%.3f")
      }
      let start =
        index == 0
        ? ["\(point.step)", over(points.map(\.loss), "%.4g"), over(points.map(\.gradientNorm), "%.2g")] : ["", "", ""]
      rows.append(
        start + [
          "\(found.layer + 1)", "\(parameters.heads.activations[found.head])", column(\.scoreScale),
          column(\.scoreDistance), column(\.shift), column(\.shiftDistance), column(\.r),
        ])
    }
  }
  let layers =
    [["layer", "mse read here", "from theory's form", "from descent"]]
    + first.layers.indices.map { index in
      let own = answers.map { $0.layers[index] }
      return [
        "\(index + 1)", over(own.map(\.mse), "%.4g"), over(own.map(\.toForm), "%.3f"),
        over(own.map(\.toDescent), "%.3f"),
      ]
    }
  let trials = answers.map { "\($0.trial)" }.joined(separator: ", ")
  return """
    trial\(answers.count == 1 ? "" : "s") \(trials): \(parameters.task) labels, \(parameters.heads), \
    \(countText(parameters.layers, "layer")), n=\(parameters.context), d=\(parameters.dimension), \
    value \(parameters.value.rawValue)\(answers.count == 1 ? "" : "; means ± standard deviations over seeds")

    \(table(rows))

    \(table(layers))
    """
}

/// The number, or mean ± standard deviation of several; `-` where one is missing.
private func over(_ values: [Double?], _ format: String) -> String {
  let numbers = values.compactMap { $0 }
  guard numbers.count == values.count, !numbers.isEmpty else { return "-" }
  let (mean, error) = meanAndStandardError(numbers)
  let shown = String(format: format, mean)
  guard numbers.count > 1 else { return shown }
  return shown + " ± " + String(format: "%.2g", error * Double(numbers.count).squareRoot())
}
