// The colours and strokes of all charts: one list of rules, written for the page with variables that follow light and
// dark, and for files of their own with the light page's colours in place.
// Colours of the lines are Okabe & Ito's (2008), which readers with any colour vision can tell apart, lightened for dark.

enum ChartStyle {
  /// Variables of the page by name: light, dark.
  static let colours: [(name: String, light: String, dark: String)] = [
    ("bg", "#ffffff", "#11151a"), ("fg", "#16191d", "#e8ebef"), ("quiet", "#59626d", "#a0aab5"),
    ("rule", "#d9dee4", "#333c47"), ("soft", "#f4f6f8", "#1a2027"), ("accent", "#d55e00", "#ff9a4d"),
    ("grid", "#e3e7ec", "#2a323c"),
    ("c0", "#0072b2", "#5ab4f0"), ("c1", "#d55e00", "#ff8a4a"), ("c2", "#00805c", "#35c79b"),
    ("c3", "#aa3f86", "#e58cc8"), ("c4", "#a87400", "#e6b13c"), ("c5", "#2a8fc9", "#9cd6ff"),
    ("c6", "#5c5c5c", "#b9c0c8"), ("c7", "#7a4fb5", "#b99cf0"),
  ]

  /// Selector below `.chart`, and declarations; `--c` is the colour of the series.
  private static let rules: [(selector: String, style: String)] = [
    ("text", "fill:var(--fg)"),
    (".tick", "fill:var(--quiet);font-size:11.5px"), (".axis-name", "fill:var(--quiet);font-size:11.5px"),
    (".level-name", "fill:var(--quiet);font-size:11.5px"), (".strong", "font-weight:650"),
    (".axis", "stroke:var(--quiet);stroke-width:1"), (".grid", "stroke:var(--grid);stroke-width:1"),
    (".minor", "opacity:.55"),
    (".level", "stroke:var(--fg);stroke-width:1.2;stroke-dasharray:6 4;opacity:.75"),
    (".bayes", "fill:none;stroke:var(--fg);stroke-width:1.3;stroke-dasharray:6 4;opacity:.75"),
    (".zero", "stroke:var(--fg);stroke-width:1.3"),
    (".curve", "fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round"), (".second", "stroke-dasharray:7 3"),
    (".strand", "fill:none;stroke:var(--c);stroke-width:1;stroke-linejoin:round;opacity:.6"),
    (".chosen", "stroke-width:2.6;opacity:1"),
    (".band", "fill:var(--c);opacity:.18"), (".bar", "fill:var(--c)"), (".faint", "opacity:.35"),
    (".reference", "stroke:var(--c);stroke-width:2;stroke-dasharray:4 3"),
    (".mark", "fill:var(--c);stroke:var(--bg);stroke-width:.8"),
    (".seed", "fill:var(--c);fill-opacity:.55;stroke:var(--c);stroke-width:.8"),
    (".diverged", "fill:none;stroke:var(--fg);stroke-width:1.6"),
    (".interval", "stroke:var(--c);stroke-width:2"), (".range", "stroke:var(--fg);stroke-width:1.2"),
    (".ring", "fill:none;stroke:var(--fg);stroke-width:1.6"),
    (".outline", "fill:none;stroke:var(--accent);stroke-width:3"),
    (".hatch", "stroke:#7f7f7f;stroke-width:2;opacity:.3"),
    (".gap", "fill:none;stroke:var(--rule);stroke-dasharray:4 3"),
  ]

  /// For a page that defines the variables.
  static let page: Markup = {
    let series = (0..<chartColours).map { ".chart .c\($0){--c:var(--c\($0))}" }
    let lines = series + rules.map { ".chart \($0.selector){\($0.style)}" }
    return Markup(trusted: lines.joined(separator: "\n"))
  }()

  /// `--bg:#ffffff;…` of the light or the dark page.
  static func variables(dark: Bool) -> Markup {
    Markup(trusted: colours.map { "--\($0.name):\(dark ? $0.dark : $0.light)" }.joined(separator: ";"))
  }

  /// For a file of its own: a rule that depends on the series stands once per colour.
  static let standalone: Markup = {
    var lines = ["svg.chart{background:#ffffff;font:12px Helvetica,Arial,sans-serif}"]
    for rule in rules {
      guard rule.style.contains("var(--c)") else {
        lines.append("\(rule.selector){\(resolved(rule.style))}")
        continue
      }
      for index in 0..<chartColours {
        let style = rule.style.split(separator: "var(--c)", omittingEmptySubsequences: false)
          .joined(separator: "var(--c\(index))")
        lines.append("\(rule.selector).c\(index){\(resolved(style))}")
      }
    }
    return Markup(trusted: lines.joined(separator: "\n"))
  }()

  private static func resolved(_ style: String) -> String {
    colours.reduce(style) { style, colour in
      style.split(separator: "var(--\(colour.name))", omittingEmptySubsequences: false).joined(separator: colour.light)
    }
  }
}
