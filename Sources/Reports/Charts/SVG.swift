// The few SVG elements that charts are made of. Colours come from the page's style sheet by class, so that charts follow
// the reader's dark or light mode.

enum SVG {
  static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) -> Markup {
    "<line class=\"\(style)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\"/>"
  }

  /// - fill: a colour of its own, such as a heat map's; empty leaves it to the style.
  static func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, style: String, fill: String = ""
  ) -> Markup {
    let colour: Markup = fill.isEmpty ? "" : " style=\"fill:\(fill)\""
    return """
      <rect class="\(style)"\(colour) x="\(number(x))" y="\(number(y))" width="\(number(width))" \
      height="\(number(height))" rx="3"/>
      """
  }

  enum Anchor: String { case start, middle, end }

  static func text(_ text: String, _ x: Double, _ y: Double, anchor: Anchor = .start, style: String = "") -> Markup {
    "<text class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor.rawValue)\">\(text)</text>"
  }

  /// Reads upwards, centred on its place.
  static func upwardText(_ text: String, _ x: Double, _ y: Double, style: String) -> Markup {
    """
    <text class="\(style)" text-anchor="middle" transform="translate(\(number(x)) \(number(y))) rotate(-90)">\(text)</text>
    """
  }

  /// Joins the points; the pen is lifted at nil.
  static func path(_ points: [(x: Double, y: Double)?], style: String) -> Markup {
    var data = ""
    var isDown = false
    for point in points {
      guard let point else {
        isDown = false
        continue
      }
      data += "\(isDown ? "L" : "M")\(coordinate(point.x)) \(coordinate(point.y))"
      isDown = true
    }
    return data.isEmpty ? "" : "<path class=\"\(style)\" d=\"\(data)\"/>"
  }

  /// The band between two lines of equally many points.
  static func band(_ upper: [(x: Double, y: Double)], _ lower: [(x: Double, y: Double)], style: String) -> Markup {
    guard let first = upper.first else { return "" }
    let rest = upper.dropFirst() + lower.reversed()
    let data = rest.reduce(into: "M\(coordinate(first.x)) \(coordinate(first.y))") {
      $0 += "L\(coordinate($1.x)) \(coordinate($1.y))"
    }
    return "<path class=\"\(style)\" d=\"\(data + "Z")\"/>"
  }

  /// A mark of one of `markerShapes` shapes, about 7 units across, with a text that appears when pointed at.
  static func marker(_ shape: Int, _ x: Double, _ y: Double, style: String, title: String = "") -> Markup {
    let r = 3.4
    let tip: Markup = title.isEmpty ? "" : "<title>\(title)</title>"
    switch shape % markerShapes {
    case 0:
      return "<circle class=\"\(style)\" cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"\(number(r))\">\(tip)</circle>"
    case 1: return polygon([(-r, -r), (r, -r), (r, r), (-r, r)], x, y, style, tip)
    case 2: return polygon([(0, -1.3 * r), (1.2 * r, r), (-1.2 * r, r)], x, y, style, tip)
    case 3: return polygon([(0, -1.35 * r), (1.35 * r, 0), (0, 1.35 * r), (-1.35 * r, 0)], x, y, style, tip)
    default: return polygon([(0, 1.3 * r), (1.2 * r, -r), (-1.2 * r, -r)], x, y, style, tip)
    }
  }
  static let markerShapes = 5

  /// About a marker.
  static func ring(_ x: Double, _ y: Double) -> Markup {
    "<circle class=\"ring\" cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"6.5\"/>"
  }

  private static func polygon(
    _ corners: [(Double, Double)], _ x: Double, _ y: Double, _ style: String, _ tip: Markup
  ) -> Markup {
    let points = corners.map { "\(coordinate(x + $0.0)),\(coordinate(y + $0.1))" }.joined(separator: " ")
    return "<polygon class=\"\(style)\" points=\"\(points)\">\(tip)</polygon>"
  }

  static func number(_ value: Double) -> String { coordinate(value) }
  /// Tenths of a unit are finer than a screen's pixel.
  private static func coordinate(_ value: Double) -> String {
    guard abs(value) < 1e6 else { return value.isFinite ? fixedText(value, decimals: 1) : "0" }
    let tenths = Int((10 * value).rounded())
    let (whole, rest) = (tenths.magnitude / 10, tenths.magnitude % 10)
    return "\(tenths < 0 ? "-" : "")\(whole)" + (rest == 0 ? "" : ".\(rest)")
  }
}
