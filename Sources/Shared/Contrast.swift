// A comparison that a manifest names: a weighted sum of mean ln losses over columns, and over rows where it names them too.

package struct Contrast: Hashable, Sendable {
  package struct Term: Hashable, Sendable {
    /// Of the axis, as tables show it.
    package let value: String
    package let weight: Double
    package init(value: String, weight: Double) { (self.value, self.weight) = (value, weight) }
  }
  package let name: String
  /// Weights sum to 0.
  package let columns: [Term]
  /// Weights sum to 0: a difference between rows, an interaction. Empty for one comparison in each row.
  package let rows: [Term]
  package init(name: String, columns: [Term], rows: [Term]) {
    (self.name, self.columns, self.rows) = (name, columns, rows)
  }
}
