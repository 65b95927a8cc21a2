// Text from outside, such as a name in a file, as one line of a terminal may show it.

/// What somebody wrote, fit for one line of a terminal: cut short, control characters replaced.
package func excerpt(_ text: String) -> String {
  let limit = 60
  var shown = ""
  for scalar in text.unicodeScalars.prefix(limit) {
    shown.unicodeScalars.append(isControl(scalar) ? "\u{FFFD}" : scalar)
  }
  return text.unicodeScalars.count > limit ? shown + "…" : shown
}

/// Whether a character ends lines or commands terminals.
package func isControl(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .control, .lineSeparator, .paragraphSeparator, .format: true
  default: false
  }
}
