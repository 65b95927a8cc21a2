// The parameters a manifest may set or search: names, kinds and frozen defaults (docs/design.md, Manifest).
// Frozen: a default is part of every identity that leaves it out, so changing one needs a new arithmetic version.

package enum ParameterName: String, CaseIterable, Hashable, Codable, Sendable, Comparable {
  case task, activation, layers, context
  case contextMin = "context_min"
  case dimension, batch, steps
  case resampleEvery = "resample_every"
  case pool
  case learningRate = "learning_rate"
  case optimizer, beta1, beta2, epsilon
  case weightDecay = "weight_decay"
  case warmupSteps = "warmup_steps"
  case schedule
  case clipNorm = "clip_norm"
  case layerClip = "layer_clip"
  case initialization = "init"
  case initScale = "init_scale"
  case frozen, restarts, value
  case attentionScale = "attention_scale"
  case tiedLayers = "tied_layers"
  case covariance, inputs
  case kernelOn = "kernel_on"
  case labelNoise = "label_noise"
  case recipe
  case validationPrompts = "validation_prompts"
  case testPrompts = "test_prompts"
  case evaluateEvery = "evaluate_every"
  case checkpointEvery = "checkpoint_every"

  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// Parameters that only say how a network is trained, not which network on which data: the attainable reference of a
  /// cell does not depend on them.
  package var concernsTrainingOnly: Bool {
    switch self {
    case .contextMin, .batch, .steps, .resampleEvery, .pool, .learningRate, .optimizer, .beta1, .beta2, .epsilon,
      .weightDecay,
      .warmupSteps, .schedule, .clipNorm, .layerClip, .initialization, .initScale, .frozen, .restarts, .recipe,
      .evaluateEvery,
      .checkpointEvery:
      true
    case .task, .activation, .layers, .context, .dimension, .value, .attentionScale, .tiedLayers, .covariance, .inputs,
      .kernelOn, .labelNoise, .validationPrompts, .testPrompts:
      false
    }
  }

  /// Parameters that say what is to be learned or what it is measured on. Losses under different values cannot be
  /// compared, so they may be axes but are never tuned.
  package var decidesTheProblem: Bool {
    switch self {
    case .task, .context, .dimension, .covariance, .inputs, .kernelOn, .labelNoise, .validationPrompts, .testPrompts:
      true
    case .activation, .layers, .contextMin, .batch, .steps, .resampleEvery, .pool, .learningRate, .optimizer, .beta1,
      .beta2,
      .epsilon, .weightDecay, .warmupSteps, .schedule, .clipNorm, .layerClip, .initialization, .initScale, .frozen,
      .restarts,
      .value, .attentionScale, .tiedLayers, .recipe, .evaluateEvery, .checkpointEvery:
      false
    }
  }
}

/// A parameter's value as a manifest writes it and a configuration's canonical form stores it.
package enum ParameterValue: Hashable, Sendable, CustomStringConvertible {
  case integer(Int)
  case number(Double)
  case text(String)
  case flag(Bool)
  case list([ParameterValue])
  case mapping([String: ParameterValue])

  /// As in tables and file names: lists of heads joined by `+`, numbers in the shortest form that reads back the same.
  package var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    case .text(let value): StartingNetwork.shortened(value)
    case .flag(let value): "\(value)"
    case .list(let values): values.map(\.description).joined(separator: "+")
    case .mapping(let entries):
      "{" + entries.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
    }
  }

  /// Sorted JSON without white space; a floating-point number is its bit pattern as text, `"f64:3f947ae147ae147b"`, so
  /// that the form does not depend on how anyone prints numbers.
  package var canonicalJSON: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): "\"f64:\(hexadecimal(value.bitPattern))\""
    case .text(let value): jsonString(value)
    case .flag(let value): value ? "true" : "false"
    case .list(let values): "[" + values.map(\.canonicalJSON).joined(separator: ",") + "]"
    case .mapping(let entries):
      "{"
        + entries.sorted { $0.key < $1.key }.map { "\(jsonString($0.key)):\($0.value.canonicalJSON)" }
        .joined(separator: ",") + "}"
    }
  }
}

/// A JSON string literal. Source: RFC 8259 §7.
package func jsonString(_ text: String) -> String {
  var out = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": out += "\\\""
    case "\\": out += "\\\\"
    case "\n": out += "\\n"
    case "\r": out += "\\r"
    case "\t": out += "\\t"
    case _ where scalar.value < 0x20: out += "\\u" + hexadecimal(UInt16(scalar.value))
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out + "\""
}

extension ParameterValue {
  /// A number's value; nil for words, flags and compounds.
  package var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .text, .flag, .list, .mapping: nil
    }
  }
}
