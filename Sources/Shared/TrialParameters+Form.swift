// The canonical form of a configuration as bytes, written straight from its fields: a sweep may have a million
// configurations, each of which is written for its identity when the sweep starts.
// Canonical: sorted JSON, frozen defaults left out, recipes expanded, floats by bit pattern (docs/design.md, Manifest).

extension TrialParameters {
  /// `{"activation":"exp","learning_rate":"f64:…",…}`, with `"network":"isotropic"` for an attainable reference.
  package var canonicalJSON: String { String(decoding: canonicalBytes(after: []), as: UTF8.self) }

  /// SHA-256 over the arithmetic version and the canonical form.
  package var id: ConfigurationID { ConfigurationID(sha256Of: canonicalBytes(after: Self.identityPrefix)) }

  private static let identityPrefix = Array("attune arithmetic \(arithmeticVersion)\n".utf8)
  /// The recipe itself never appears: what it sets does.
  static let identifyingNames = ParameterName.allCases.filter { $0 != .recipe }.sorted()
  private static let keys = identifyingNames.map { Array("\(jsonString($0.rawValue)):".utf8) }
  /// Where the kind of network stands among them.
  private static let networkPosition = identifyingNames.firstIndex { $0.rawValue > "network" }

  private func canonicalBytes(after prefix: [UInt8]) -> [UInt8] {
    var form = CanonicalForm(after: prefix)
    for (position, (name, key)) in zip(Self.identifyingNames, Self.keys).enumerated() {
      if position == Self.networkPosition, network != .full {
        form.add(Array("\"network\":".utf8), text: network.rawValue)
      }
      write(name, key, unless: Self.frozenDefaults, to: &form)
    }
    return form.finished
  }

  /// Task, activation and steps stand in every form; everything else where it is not its frozen default.
  private func write(
    _ name: ParameterName, _ key: [UInt8], unless frozen: TrialParameters, to form: inout CanonicalForm
  ) {
    func integer(_ value: Int, _ usual: Int?) { if value != usual { form.add(key, integer: value) } }
    func number(_ value: Double, _ usual: Double) { if value != usual { form.add(key, number: value) } }
    func choice<Choice: RawRepresentable<String> & Equatable>(_ value: Choice, _ usual: Choice) {
      if value != usual { form.add(key, text: value.rawValue) }
    }
    func other(_ isUsual: Bool) { if !isUsual { form.add(key, json: value(of: name).canonicalJSON) } }
    switch name {
    case .task, .activation: other(false)
    case .layers: integer(layers, frozen.layers)
    case .context: integer(context, frozen.context)
    case .contextMin: other(contextMin == frozen.contextMin)
    case .dimension: integer(dimension, frozen.dimension)
    case .batch: integer(batch, frozen.batch)
    case .steps: integer(steps, nil)
    case .resampleEvery: integer(resampleEvery, frozen.resampleEvery)
    case .pool: integer(pool, frozen.pool)
    case .learningRate: number(learningRate, frozen.learningRate)
    case .optimizer: choice(optimizer, frozen.optimizer)
    case .beta1: number(beta1, frozen.beta1)
    case .beta2: number(beta2, frozen.beta2)
    case .epsilon: number(epsilon, frozen.epsilon)
    case .weightDecay: number(weightDecay, frozen.weightDecay)
    case .warmupSteps: integer(warmupSteps, steps / 20)
    case .schedule: choice(schedule, frozen.schedule)
    case .clipNorm: other(clipNorm == frozen.clipNorm)
    case .layerClip: other(layerClip == frozen.layerClip)
    case .initialization: other(initialization == frozen.initialization)
    case .initScale: number(initScale, initialization.standardScale)
    case .frozen: other(self.frozen == frozen.frozen)
    case .restarts: integer(restarts, frozen.restarts)
    case .value: choice(self.value, frozen.value)
    case .attentionScale: choice(attentionScale, frozen.attentionScale)
    case .tiedLayers: other(tiedLayers == frozen.tiedLayers)
    case .covariance: other(covariance == frozen.covariance)
    case .inputs: choice(inputs, frozen.inputs)
    case .kernelOn: choice(kernelOn, frozen.kernelOn)
    case .labelNoise: number(labelNoise, frozen.labelNoise)
    case .recipe: break
    case .validationPrompts: integer(validationPrompts, frozen.validationPrompts)
    case .testPrompts: integer(testPrompts, frozen.testPrompts)
    case .evaluateEvery: integer(evaluateEvery, max(1, steps / 20))
    case .checkpointEvery: integer(checkpointEvery, max(1, steps / 10))
    }
  }
}

/// An object in canonical form that is being written.
private struct CanonicalForm {
  private var bytes: [UInt8]
  private var isEmpty = true

  init(after prefix: [UInt8]) {
    bytes = []
    bytes.reserveCapacity(prefix.count + 256)
    bytes += prefix
    bytes.append(UInt8(ascii: "{"))
  }

  var finished: [UInt8] {
    mutating get {
      bytes.append(UInt8(ascii: "}"))
      return bytes
    }
  }

  /// - key: with its quotation marks and the colon.
  private mutating func begin(_ key: [UInt8]) {
    if !isEmpty { bytes.append(UInt8(ascii: ",")) }
    isEmpty = false
    bytes += key
  }

  mutating func add(_ key: [UInt8], json: String) {
    begin(key)
    bytes += json.utf8
  }

  mutating func add(_ key: [UInt8], integer value: Int) { add(key, json: value.description) }

  mutating func add(_ key: [UInt8], text: String) { add(key, json: jsonString(text)) }

  mutating func add(_ key: [UInt8], number: Double) {
    begin(key)
    bytes += "\"f64:".utf8
    appendHexadecimal(number.bitPattern, to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }
}
