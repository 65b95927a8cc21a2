// The attention activations h of docs/science.md §3, by the names that manifests, tables and checkpoints use.
// A cell's activation is a list of heads; `exp+linear` is the paper's two-head model.

/// What an attention head applies to its scores S_st, and over which sources it normalises.
package enum Activation: String, CaseIterable, Hashable, Codable, Sendable {
  /// h(s) = s
  case linear
  /// h(s) = max(0, s)
  case relu
  /// h(s) = e^s
  case exp
  /// e^s divided by its sum over the sources of the same target
  case softmax

  /// Normalised activations take `attention_scale` 1 by default, the others 1/n (docs/science.md §1).
  package var isNormalised: Bool { self == .softmax }
}

/// One activation per head, in the order of the heads.
package struct Heads: Hashable, Codable, Sendable, CustomStringConvertible {
  package let activations: [Activation]
  package init(_ activations: [Activation]) { self.activations = activations }
  /// As in tables: `exp+linear`.
  package var description: String { activations.map(\.rawValue).joined(separator: "+") }
}
