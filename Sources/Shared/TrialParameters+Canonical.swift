// What of a configuration is not default, every value as a manifest writes it, and a configuration read back from its
// canonical form, from the wire or the store.
import Foundation

extension TrialParameters {
  /// Every parameter that differs from its frozen default. The recipe itself never appears: what it sets does.
  package var explicitValues: [ParameterName: ParameterValue] {
    var frozen = Self.frozenDefaults
    frozen.steps = steps
    (frozen.warmupSteps, frozen.evaluateEvery) = (steps / 20, max(1, steps / 20))
    frozen.checkpointEvery = max(1, steps / 10)
    frozen.initScale = initialization.standardScale
    var values: [ParameterName: ParameterValue] = [:]
    for name in Self.identifyingNames {
      let value = value(of: name)
      if name == .task || name == .activation || name == .steps || value != frozen.value(of: name) {
        values[name] = value
      }
    }
    return values
  }

  static let frozenDefaults = TrialParameters()

  /// Every parameter's value, in the form a manifest would write it.
  package var allValues: [ParameterName: ParameterValue] {
    var values: [ParameterName: ParameterValue] = [:]
    for name in ParameterName.allCases { values[name] = value(of: name) }
    return values
  }

  package func value(of name: ParameterName) -> ParameterValue {
    switch name {
    case .task: .text(task.description)
    case .activation:
      heads.activations.count == 1
        ? .text(heads.activations[0].description) : .list(heads.activations.map { .text($0.description) })
    case .layers: .integer(layers)
    case .context: .integer(context)
    case .contextMin: contextMin.map { .integer($0) } ?? .text("none")
    case .dimension: .integer(dimension)
    case .batch: .integer(batch)
    case .steps: .integer(steps)
    case .resampleEvery: .integer(resampleEvery)
    case .pool: .integer(pool)
    case .learningRate: .number(learningRate)
    case .optimizer: .text(optimizer.rawValue)
    case .beta1: .number(beta1)
    case .beta2: .number(beta2)
    case .epsilon: .number(epsilon)
    case .weightDecay: .number(weightDecay)
    case .warmupSteps: .integer(warmupSteps)
    case .schedule: .text(schedule.rawValue)
    case .clipNorm: clipNorm.map { .number($0) } ?? .text("none")
    case .layerClip:
      layerClip.map { clip in
        var entries: [String: ParameterValue] = [
          "scale": .number(clip.scale), "base": .integer(clip.base), "switch_step": .integer(clip.switchStep),
          "scale_after": .number(clip.scaleAfter),
        ]
        // Left out where it is the default, as the identities of clips without it are older than it.
        if clip.entries != .trained { entries["entries"] = .text(clip.entries.rawValue) }
        return .mapping(entries)
      } ?? .text("none")
    case .initialization: .text(initialization.description)
    case .initScale: .number(initScale)
    case .frozen:
      frozen.isEmpty
        ? .text("none") : .list(FrozenParts.named.filter { frozen.contains($0.part) }.map { .text($0.name) })
    case .restarts: .integer(restarts)
    case .value: .text(value.rawValue)
    case .attentionScale: .text(attentionScale.rawValue)
    case .tiedLayers: .flag(tiedLayers)
    case .covariance: covariance.map { .list($0.map { .number($0) }) } ?? .text("ones")
    case .inputs: .text(inputs.rawValue)
    case .kernelOn: .text(kernelOn.rawValue)
    case .labelNoise: .number(labelNoise)
    case .recipe: .text(recipe.rawValue)
    case .validationPrompts: .integer(validationPrompts)
    case .testPrompts: .integer(testPrompts)
    case .evaluateEvery: .integer(evaluateEvery)
    case .checkpointEvery: .integer(checkpointEvery)
    }
  }

  /// The configuration whose canonical form is `canonicalJSON`; throws in words for anything else, since the text comes
  /// from the network or the disk.
  package init(canonicalJSON: String) throws(ParameterError) {
    func refused(_ remedy: String) -> ParameterError {
      ParameterError(name: "configuration", found: String(canonicalJSON.prefix(80)), remedy: remedy)
    }
    guard let object = try? JSONSerialization.jsonObject(with: Data(canonicalJSON.utf8)) as? [String: Any] else {
      throw refused("a JSON object is expected")
    }
    var values: [ParameterName: ParameterValue] = [:]
    var network = NetworkKind.full
    for (key, json) in object {
      guard let value = ParameterValue(json: json) else { throw refused("\(key) has a value of no known type") }
      if key == "network" {
        guard case .text(let text) = value, let kind = NetworkKind(rawValue: text) else {
          throw refused("network is full or isotropic")
        }
        network = kind
      } else if let name = ParameterName(rawValue: key) {
        values[name] = value
      } else {
        throw refused("\(key) is not a parameter of this version")
      }
    }
    try self.init(values: values)
    self.network = network
    guard self.canonicalJSON == canonicalJSON else { throw refused("the form is not canonical") }
  }
}

extension ParameterValue {
  /// From what JSONSerialization gives for a canonical form.
  fileprivate init?(json: Any) {
    switch json {
    case let text as String:
      if text.hasPrefix("f64:") {
        guard let bits = UInt64(text.dropFirst(4), radix: 16) else { return nil }
        self = .number(Double(bitPattern: bits))
      } else {
        self = .text(text)
      }
    case let number as NSNumber:
      if isBoolean(number) { self = .flag(number.boolValue) } else { self = .integer(number.intValue) }
    case let list as [Any]:
      var values: [ParameterValue] = []
      for item in list {
        guard let value = ParameterValue(json: item) else { return nil }
        values.append(value)
      }
      self = .list(values)
    case let object as [String: Any]:
      var entries: [String: ParameterValue] = [:]
      for (key, item) in object { entries[key] = ParameterValue(json: item) }
      guard entries.count == object.count else { return nil }
      self = .mapping(entries)
    default: return nil
    }
  }
}

/// JSON's true and false arrive as numbers; their Objective-C type code tells them apart.
private func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
