// The heat map's colours: one hue from the page's background to full strength, so that strength means "close to Bayes"
// in light and dark mode alike, and nobody needs to tell hues apart.

import Shared

struct HeatColour: Sendable {
  /// `#rrggbb` of the cell and of its text.
  let background: String
  let text: String

  /// ColorBrewer "Blues" (Brewer 2003), from weak to strong.
  static let lightStops: [[Double]] = [
    [243, 246, 250], [198, 219, 239], [107, 174, 214], [33, 113, 181], [8, 48, 107],
  ]
  static let darkStops: [[Double]] = [
    [30, 37, 48], [28, 62, 100], [38, 104, 168], [96, 165, 228], [205, 230, 255],
  ]

  /// - normalisedExcess: 0 is Bayes, 1 the zero predictor. Its square root is what is drawn, because most of what tells
  ///   good networks apart lies near 0.
  init(normalisedExcess: Double, stops: [[Double]]) {
    let strength = 1 - min(max(normalisedExcess, 0), 1).squareRoot()
    let position = strength * Double(stops.count - 1)
    let index = min(Int(position), stops.count - 2)
    let share = position - Double(index)
    let colour = zip(stops[index], stops[index + 1]).map { $0 + share * ($1 - $0) }
    background = Self.hex(colour)
    // Black or white, whichever contrasts more: 0.179 is where both do equally. Source: WCAG 2.1, relative luminance.
    text = Self.luminance(colour) > 0.179 ? "#0b0f14" : "#ffffff"
  }

  private static func hex(_ colour: [Double]) -> String {
    "#" + hexadecimal(colour.map { UInt8(min(max($0.rounded(), 0), 255)) })
  }

  private static func luminance(_ colour: [Double]) -> Double {
    let linear = colour.map { channel -> Double in
      let value = channel / 255
      return value <= 0.04045 ? value / 12.92 : exponential(2.4 * naturalLogarithm(ofLoss: (value + 0.055) / 1.055))
    }
    return zip(linear, [0.2126, 0.7152, 0.0722]).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
