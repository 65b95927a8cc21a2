// The names of the W&B sweep convention's distributions, and the keys that stand beside each.

/// `distribution:` of a parameter. The three whose bounds are exponents in W&B are refused by name.
enum DistributionName: String, CaseIterable {
  case constant, categorical
  case categoricalWithProbabilities = "categorical_w_probabilities"
  case intUniform = "int_uniform"
  case uniform
  case qUniform = "q_uniform"
  case logUniformValues = "log_uniform_values"
  case invLogUniformValues = "inv_log_uniform_values"
  case qLogUniformValues = "q_log_uniform_values"
  case normal
  case logNormal = "log_normal"
  case qNormal = "q_normal"
  case qLogNormal = "q_log_normal"
  case beta
  case qBeta = "q_beta"

  /// The keys that stand beside `distribution`.
  var keys: [String] {
    switch self {
    case .constant: ["value"]
    case .categorical: ["values"]
    case .categoricalWithProbabilities: ["values", "probabilities"]
    case .intUniform, .uniform, .logUniformValues, .invLogUniformValues: ["min", "max"]
    case .qUniform, .qLogUniformValues: ["min", "max", "q"]
    case .normal, .logNormal: ["mu", "sigma"]
    case .qNormal, .qLogNormal: ["mu", "sigma", "q"]
    case .beta: ["a", "b"]
    case .qBeta: ["a", "b", "q"]
    }
  }
}
