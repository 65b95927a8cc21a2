// Parameters from a manifest's values and back: names, types, ranges, recipes and the canonical form that identities
// are taken from. Validation stands here once, for manifests, for the wire and for stored rows.

/// Why a parameter's value was refused. Where it stood is the caller's to add.
package struct ParameterError: Error, Equatable, Sendable, CustomStringConvertible {
  package let name: String
  /// What was found, as text.
  package let found: String
  /// What is allowed, as an instruction: "write a number above 0".
  package let remedy: String
  package init(name: String, found: String, remedy: String) {
    (self.name, self.found, self.remedy) = (name, found, remedy)
  }
  package var description: String { "\(name) is \"\(found)\"; \(remedy)" }
}

/// Changes whenever the same parameters and seed may give other bits. Part of every identity.
package let arithmeticVersion = 2

extension TrialParameters {
  /// The configuration that `values` describe, over the defaults and the recipe they name.
  package init(values: [ParameterName: ParameterValue]) throws(ParameterError) {
    self.init()
    if let recipe = values[.recipe] { try apply(.recipe, recipe) }
    if self.recipe == .cheng2024 { applyCheng2024() }
    if let steps = values[.steps] {
      try apply(.steps, steps)
      setStepDependentDefaults()
    }
    if let start = values[.initialization] {
      try apply(.initialization, start)
      if initialization.checkpoint != nil { initScale = initialization.standardScale }
    }
    // Sorted, so that the first error does not depend on a dictionary's order.
    for (name, value) in values.sorted(by: { $0.key < $1.key })
    where name != .recipe && name != .steps && name != .initialization {
      try apply(name, value)
    }
    try checkTogether()
  }

  /// The same configuration with some values replaced, none of which others' defaults depend on; nil where one is
  /// refused, so that the caller finds out in order which.
  package func replacing(_ names: [ParameterName], with values: [ParameterValue]) -> TrialParameters? {
    var changed = self
    do {
      for (name, value) in zip(names, values) { try changed.apply(name, value) }
      if names.contains(where: \.decidesTheProblem) { try changed.checkTask() }
      try changed.checkSizes()
      return changed
    } catch { return nil }
  }

  private mutating func setStepDependentDefaults() {
    warmupSteps = recipe == .cheng2024 ? 0 : steps / 20
    evaluateEvery = max(1, steps / 20)
    checkpointEvery = max(1, steps / 10)
  }

  /// The authors' optimiser and settings (docs/science.md §5).
  private mutating func applyCheng2024() {
    learningRate = 0.1
    (beta1, beta2, epsilon) = (0.9, 0.9, 1e-8)
    (schedule, warmupSteps, clipNorm) = (.constant, 0, nil)
    layerClip = LayerClip(scale: 1e-8, base: 9, switchStep: 8000, scaleAfter: 1e-7)
    (initialization, initScale) = (.gaussian, 0.1)
    attentionScale = .oneOverN
    (batch, resampleEvery) = (30_000, 10)
  }

  /// Checks one value alone and sets it.
  package mutating func apply(_ name: ParameterName, _ value: ParameterValue) throws(ParameterError) {
    switch name {
    case .task:
      guard case .text(let text) = value else {
        throw name.refusal(value, "write one of \(TaskKernel.names.joined(separator: ", "))")
      }
      do { task = try TaskKernel(text) } catch {
        throw name.refusal(value, error.remedy, allowed: error.expression == nil ? TaskKernel.names : [])
      }
    case .activation: heads = try Self.heads(value)
    case .layers: layers = try name.integer(value, in: 1...64)
    case .context: context = try name.integer(value, in: 1...1024)
    case .contextMin: contextMin = value == .text("none") ? nil : try name.integer(value, in: 1...1024)
    case .dimension: dimension = try name.integer(value, in: 1...128)
    case .batch: batch = try name.integer(value, in: 1...10_000_000)
    case .steps: steps = try name.integer(value, in: 1...1_000_000_000)
    case .resampleEvery: resampleEvery = try name.integer(value, in: 1...1_000_000_000)
    case .pool: pool = try name.integer(value, in: 0...10_000_000)
    case .learningRate: learningRate = try name.number(value, above: 0)
    case .optimizer: optimizer = try name.choice(value)
    case .beta1: beta1 = try name.number(value, from: 0, below: 1)
    case .beta2: beta2 = try name.number(value, from: 0, below: 1)
    case .epsilon: epsilon = try name.number(value, above: 0)
    case .weightDecay: weightDecay = try name.number(value, from: 0)
    case .warmupSteps: warmupSteps = try name.integer(value, in: 0...1_000_000_000)
    case .schedule: schedule = try name.choice(value)
    case .clipNorm: clipNorm = value == .text("none") ? nil : try name.number(value, above: 0, alternative: "none")
    case .layerClip: layerClip = try Self.layerClip(value)
    case .initialization:
      guard case .text(let text) = value, let start = Initialization(text) else {
        let names = Initialization.named.map(\.name)
        throw name.refusal(
          value, "write one of \(names.joined(separator: ", ")), or {checkpoint: FILE}", allowed: names)
      }
      initialization = start
    case .initScale: initScale = try name.number(value, from: 0)
    case .frozen: frozen = try Self.frozenParts(value)
    case .restarts: restarts = try name.integer(value, in: 1...1000)
    case .value: self.value = try name.choice(value)
    case .attentionScale: attentionScale = value == .integer(1) ? .one : try name.choice(value)
    case .tiedLayers:
      guard case .flag(let flag) = value else { throw name.refusal(value, "write true or false") }
      tiedLayers = flag
    case .covariance: covariance = try Self.covariance(value)
    case .inputs: inputs = try name.choice(value)
    case .kernelOn: kernelOn = try name.choice(value)
    case .labelNoise: labelNoise = try name.number(value, from: 0)
    case .recipe: recipe = try name.choice(value)
    case .validationPrompts: validationPrompts = try name.integer(value, in: 1...10_000_000)
    case .testPrompts: testPrompts = try name.integer(value, in: 1...10_000_000)
    case .evaluateEvery: evaluateEvery = try name.integer(value, in: 1...1_000_000_000)
    case .checkpointEvery: checkpointEvery = try name.integer(value, in: 1...1_000_000_000)
    }
  }

  /// What no value alone can break.
  private func checkTogether() throws(ParameterError) {
    try checkTask()
    try checkSizes()
  }

  private func checkSizes() throws(ParameterError) {
    try checkStart()
    try checkLengths()
    if trainedNumbers == 0 {
      throw ParameterName.frozen.refusal(value(of: .frozen), "nothing is left to train; freeze less")
    }
    if layerClip?.entries == .all, contextMin != nil || heads.activations.contains(where: { !$0.coefficients.isEmpty })
    {
      throw ParameterError(
        name: "layer_clip", found: "entries: all",
        remedy: "write entries: trained with prompts of several lengths or coefficients of activations")
    }
    if let covariance, covariance.count != dimension {
      throw ParameterError(
        name: "covariance", found: "\(covariance.count) values",
        remedy: "write \(dimension) values, one per dimension, or `ones`")
    }
    if let layerClip, layers > layerClip.base {
      throw ParameterError(
        name: "layers", found: "\(layers)",
        remedy: "write at most \(layerClip.base), the base of layer_clip, or set another layer_clip")
    }
    // Batches are numbered by 32 bits of a random counter.
    if steps > Int(UInt32.max) / restarts {
      throw ParameterError(
        name: "restarts", found: "\(restarts)", remedy: "write at most \(Int(UInt32.max) / steps) with \(steps) steps")
    }
    if warmupSteps > steps {
      throw ParameterError(name: "warmup_steps", found: "\(warmupSteps)", remedy: "write at most steps, \(steps)")
    }
    if pool > 0, pool < batch {
      throw ParameterError(name: "pool", found: "\(pool)", remedy: "write 0 or at least the batch, \(batch)")
    }
  }

  /// A task's coordinates must be there, and a kernel must be one.
  private func checkTask() throws(ParameterError) {
    if case .mixture = task {
      for part in unmixed { try part.checkTask() }
      return
    }
    if case .function(.sparseLinear(let nonzero)) = task, nonzero > dimension {
      throw ParameterError(
        name: "task", found: "\(task)", remedy: "write sparse_linear(k) with k at most the dimension, \(dimension)")
    }
    guard case .kernel(let task) = task else { return }
    for variable in task.expression.variables where variable.part.range(dimension: dimension) == nil {
      throw ParameterError(
        name: "task", found: excerpt(task.text),
        remedy: "dimension is \(dimension): write ranges within 0..<\(dimension) and maps of \(dimension) columns, "
          + "not \(variable)")
    }
    if let reason = KernelCheck(task.expression, self).counterexample {
      throw ParameterError(name: "task", found: excerpt(task.text), remedy: "\(reason); write a kernel")
    }
  }

  private static func heads(_ value: ParameterValue) throws(ParameterError) -> Heads {
    let items: [ParameterValue]
    if case .list(let list) = value { items = list } else { items = [value] }
    guard !items.isEmpty, items.count <= 16 else {
      throw ParameterName.activation.refusal(value, "write 1 to 16 heads")
    }
    var activations: [Activation] = []
    for item in items {
      guard case .text(let text) = item else {
        throw ParameterName.activation.refusal(item, "write a name such as relu, or a list of them, one per head")
      }
      do { activations.append(try Activation(text)) } catch {
        throw ParameterName.activation.refusal(
          item, error.remedy, allowed: error.expression == nil ? Activation.names : [])
      }
    }
    return Heads(activations)
  }

  /// In any order; the canonical form has one.
  private static func frozenParts(_ value: ParameterValue) throws(ParameterError) -> FrozenParts {
    if value == .text("none") { return [] }
    let remedy = "write `none` or a list of A, r, B, C and c"
    let items: [ParameterValue]
    if case .list(let list) = value { items = list } else { items = [value] }
    var parts: FrozenParts = []
    for item in items {
      guard let named = FrozenParts.named.first(where: { .text($0.name) == item }), !parts.contains(named.part) else {
        throw ParameterName.frozen.refusal(value, remedy)
      }
      parts.insert(named.part)
    }
    guard !parts.isEmpty else { throw ParameterName.frozen.refusal(value, remedy) }
    return parts
  }

  private static func covariance(_ value: ParameterValue) throws(ParameterError) -> [Double]? {
    if value == .text("ones") { return nil }
    guard case .list(let items) = value else {
      throw ParameterName.covariance.refusal(value, "write `ones` or a list of numbers above 0")
    }
    var sigma: [Double] = []
    for item in items { sigma.append(try ParameterName.covariance.number(item, above: 0)) }
    return sigma.allSatisfy { $0 == 1 } ? nil : sigma
  }

  private static func layerClip(_ value: ParameterValue) throws(ParameterError) -> LayerClip? {
    let name = ParameterName.layerClip
    if value == .text("none") { return nil }
    let remedy = "write `none` or {scale, base, switch_step, scale_after, entries}"
    guard case .mapping(let entries) = value,
      Set(entries.keys).isSubset(of: ["scale", "base", "switch_step", "scale_after", "entries"]),
      let scale = entries["scale"], let base = entries["base"]
    else { throw name.refusal(value, remedy) }
    let scaleValue = try name.number(scale, above: 0)
    var clip = LayerClip(
      scale: scaleValue, base: try name.integer(base, in: 1...64),
      switchStep: try entries["switch_step"].map { value throws(ParameterError) in
        try name.integer(value, in: 0...1_000_000_000)
      } ?? 1_000_000_000,
      scaleAfter: try entries["scale_after"].map { value throws(ParameterError) in try name.number(value, above: 0) }
        ?? scaleValue)
    if let counted = entries["entries"] { clip.entries = try name.choice(counted) }
    return clip
  }
}

extension ParameterName {
  fileprivate func refusal(_ value: ParameterValue, _ remedy: String, allowed: [String] = []) -> ParameterError {
    var remedy = remedy
    if case .text(let text) = value, let near = nearest(to: text, among: allowed) {
      remedy += " (did you mean \(near)?)"
    }
    return ParameterError(name: rawValue, found: value.description, remedy: remedy)
  }

  fileprivate func integer(_ value: ParameterValue, in range: ClosedRange<Int>) throws(ParameterError) -> Int {
    guard case .integer(let number) = value, range.contains(number) else {
      throw refusal(value, "write a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  fileprivate func number(
    _ value: ParameterValue, above: Double? = nil, from: Double? = nil, below: Double? = nil, alternative: String? = nil
  ) throws(ParameterError) -> Double {
    var remedy = "write a number"
    if let above { remedy += " above \(ParameterValue.number(above))" }
    if let from { remedy += " from \(ParameterValue.number(from))" }
    if let below { remedy += " and below \(ParameterValue.number(below))" }
    if let alternative { remedy += ", or \(alternative)" }
    let number: Double
    switch value {
    case .integer(let integer): number = Double(integer)
    case .number(let double): number = double
    case .text, .flag, .list, .mapping: throw refusal(value, remedy)
    }
    // Parameters are used in single precision: what overflows or vanishes there is refused here.
    guard number.isFinite, Float(number).isFinite, above.map({ number > $0 && Float(number) > 0 || $0 != 0 }) ?? true,
      from.map({ number >= $0 }) ?? true, below.map({ number < $0 }) ?? true
    else { throw refusal(value, remedy) }
    return number
  }

  fileprivate func choice<Choice: RawRepresentable & CaseIterable>(
    _ value: ParameterValue
  ) throws(ParameterError) -> Choice where Choice.RawValue == String {
    let allowed = Choice.allCases.map(\.rawValue)
    guard case .text(let text) = value, let choice = Choice(rawValue: text) else {
      throw refusal(value, "write one of \(allowed.joined(separator: ", "))", allowed: allowed)
    }
    return choice
  }
}
