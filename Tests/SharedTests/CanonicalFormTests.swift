// A configuration's canonical form and the identity taken from it: what every store, digest and checkpoint relies on.
import Shared
import Testing

@Suite struct CanonicalFormTests {
  private func parameters(_ values: [ParameterName: ParameterValue]) throws -> TrialParameters {
    try TrialParameters(values: values)
  }

  @Test func `frozen defaults are left out`() throws {
    let written = try parameters([
      .task: .text("relu"), .activation: .text("exp"), .layers: .integer(3), .learningRate: .number(0.01),
      .steps: .integer(2000), .warmupSteps: .integer(100), .evaluateEvery: .integer(100), .recipe: .text("default"),
    ])
    #expect(written.canonicalJSON == #"{"activation":"exp","steps":2000,"task":"relu"}"#)
    #expect(written.id == (try parameters([.task: .text("relu"), .activation: .text("exp")])).id)
  }

  @Test func `defaults that follow the steps are left out for any number of them`() throws {
    let values: [ParameterName: ParameterValue] = [
      .task: .text("relu"), .activation: .text("exp"), .steps: .integer(500), .warmupSteps: .integer(25),
    ]
    #expect(try parameters(values).canonicalJSON == #"{"activation":"exp","steps":500,"task":"relu"}"#)
    #expect(
      try parameters(values.merging([.warmupSteps: .integer(100)]) { $1 }).canonicalJSON
        == #"{"activation":"exp","steps":500,"task":"relu","warmup_steps":100}"#)
  }

  @Test func `floats are bit patterns and keys are sorted`() throws {
    let written = try parameters([
      .task: .text("exp(2)"), .activation: .list([.text("exp"), .text("linear")]), .learningRate: .number(0.02),
      .tiedLayers: .flag(true), .covariance: .list([.integer(1), .number(2), .number(3), .number(4), .number(5)]),
    ])
    #expect(
      written.canonicalJSON == """
        {"activation":["exp","linear"],"covariance":["f64:3ff0000000000000","f64:4000000000000000",\
        "f64:4008000000000000","f64:4010000000000000","f64:4014000000000000"],\
        "learning_rate":"f64:3f947ae147ae147b","steps":2000,"task":"exp(2.0)","tied_layers":true}
        """)
  }

  @Test func `a recipe is expanded, and is no part of the identity itself`() throws {
    let named = try parameters([
      .task: .text("relu"), .activation: .text("exp"), .recipe: .text("cheng2024"), .layerClip: .text("none"),
    ])
    let spelled = try parameters([
      .task: .text("relu"), .activation: .text("exp"), .learningRate: .number(0.1), .beta2: .number(0.9),
      .schedule: .text("constant"), .warmupSteps: .integer(0), .clipNorm: .text("none"),
      .initialization: .text("gaussian"),
      .attentionScale: .text("1/n"), .batch: .integer(30_000), .resampleEvery: .integer(10),
    ])
    #expect(named.canonicalJSON == spelled.canonicalJSON)
    #expect(named.id == spelled.id)
    #expect(!named.canonicalJSON.contains("recipe"))
  }

  @Test func `a recipe is overridden by what stands beside it`() throws {
    let written = try parameters([
      .task: .text("relu"), .activation: .text("exp"), .recipe: .text("cheng2024"), .batch: .integer(64),
    ])
    #expect(written.batch == 64)
    #expect(written.layerClip == LayerClip(scale: 1e-8, base: 9, switchStep: 8000, scaleAfter: 1e-7))
  }

  @Test(
    arguments: [
      [:], [.layers: .integer(7), .clipNorm: .text("none"), .steps: .integer(10)],
      [.recipe: .text("cheng2024")],
      [.layerClip: .mapping(["scale": .number(1e-8), "base": .integer(5), "scale_after": .number(1e-6)])],
      [.task: .text("exp(0.1)"), .attentionScale: .integer(1), .tiedLayers: .flag(true), .labelNoise: .number(0.1)],
    ] as [[ParameterName: ParameterValue]])
  func `the canonical form reads back to the same configuration`(values: [ParameterName: ParameterValue]) throws {
    let base: [ParameterName: ParameterValue] = [.task: .text("relu"), .activation: .text("softmax")]
    let written = try parameters(base.merging(values) { $1 })
    for configuration in [written, written.reference] {
      let back = try TrialParameters(canonicalJSON: configuration.canonicalJSON)
      #expect(back.id == configuration.id)
      #expect(back.explicitValues == configuration.explicitValues)
      #expect(back.network == configuration.network)
    }
  }

  @Test func `every parameter stands in the form where it is not its default, and only there`() throws {
    let others: [ParameterName: ParameterValue] = [
      .task: .text("exp(2)"), .activation: .list([.text("exp"), .text("softmax")]), .layers: .integer(2),
      .context: .integer(9), .contextMin: .integer(3), .dimension: .integer(4), .batch: .integer(64),
      .steps: .integer(300),
      .resampleEvery: .integer(2), .pool: .integer(10_000), .learningRate: .number(0.5), .optimizer: .text("sgd"),
      .beta1: .number(0.5), .beta2: .number(0.5), .epsilon: .number(1e-6), .weightDecay: .number(0.1),
      .warmupSteps: .integer(7), .schedule: .text("step"), .clipNorm: .text("none"),
      .layerClip: .mapping(["scale": .number(1e-8), "base": .integer(50)]), .initialization: .text("gaussian"),
      .initScale: .number(0.2), .restarts: .integer(2), .value: .text("sparse"), .attentionScale: .text("1"),
      .frozen: .list([.text("A"), .text("C")]), .tiedLayers: .flag(true),
      .covariance: .list([2, 3, 4, 5, 6].map { .number($0) }), .inputs: .text("cube"),
      .kernelOn: .text("x"), .labelNoise: .number(0.25), .validationPrompts: .integer(77), .testPrompts: .integer(78),
      .evaluateEvery: .integer(3), .checkpointEvery: .integer(4),
    ]
    let base: [ParameterName: ParameterValue] = [.task: .text("relu"), .activation: .text("linear")]
    for name in ParameterName.allCases where name != .recipe {
      let value = try #require(others[name], "no other value for \(name.rawValue)")
      let written = try parameters(base.merging([name: value]) { $1 })
      // The generic way, value by value, from what differs.
      for configuration in [written, written.reference] {
        var entries = Dictionary(
          uniqueKeysWithValues: configuration.explicitValues.map { ($0.key.rawValue, $0.value) })
        if configuration.network != .full { entries["network"] = .text(configuration.network.rawValue) }
        #expect(configuration.canonicalJSON == ParameterValue.mapping(entries).canonicalJSON)
      }
      #expect(written.explicitValues[name] != nil)
    }
  }

  @Test(arguments: [
    "", "[]", "{", #"{"zebra":1}"#, #"{"task":null}"#, #"{"layers":0}"#, #"{"steps":2000,"task":"linear"}"#,
    #"{"activation":"linear", "steps":2000,"task":"linear"}"#, #"{"network":"odd"}"#,
    #"{"activation":"linear","learning_rate":"f64:7ff8000000000000","steps":2000,"task":"linear"}"#,
  ])
  func `text that is no canonical form is refused`(text: String) {
    #expect(throws: ParameterError.self) { try TrialParameters(canonicalJSON: text) }
  }

  @Test func `the identity of one configuration is pinned`() throws {
    let written = try parameters([
      .task: .text("relu"), .activation: .list([.text("exp"), .text("linear")]), .learningRate: .number(0.02),
      .layers: .integer(5),
    ])
    #expect(arithmeticVersion == 2)
    #expect(written.id.rawValue == "a36c09120ad20bcb9eb13be771ac8d770634735276c16d15432f64e238e9f38d")
  }

  @Test func `the reference does not depend on how a network is trained`() throws {
    let base: [ParameterName: ParameterValue] = [.task: .text("relu"), .activation: .text("exp")]
    let reference = try parameters(base).reference.id
    for name in ParameterName.allCases where name.concernsTrainingOnly && name != .layerClip {
      let other: [ParameterName: ParameterValue] = [
        .batch: .integer(64), .steps: .integer(300), .resampleEvery: .integer(2), .pool: .integer(1000),
        .learningRate: .number(0.5), .optimizer: .text("sgd"), .beta1: .number(0.5), .beta2: .number(0.5),
        .epsilon: .number(1e-6), .weightDecay: .number(0.1), .warmupSteps: .integer(7), .schedule: .text("step"),
        .clipNorm: .number(2), .initialization: .text("gaussian"), .initScale: .number(0.2), .restarts: .integer(2),
        .recipe: .text("cheng2024"), .frozen: .text("r"), .contextMin: .integer(3), .evaluateEvery: .integer(7),
        .checkpointEvery: .integer(7),
      ]
      let value = try #require(other[name], "no other value for \(name.rawValue)")
      // The recipe also sets the attention's scale, which is part of the network.
      guard name != .recipe else { continue }
      #expect(try parameters(base.merging([name: value]) { $1 }).reference.id == reference)
    }
  }

  @Test func `batches beyond what the random counter can number are refused`() throws {
    let values: [ParameterName: ParameterValue] = [
      .task: .text("relu"), .activation: .text("exp"), .steps: .integer(1_000_000_000), .restarts: .integer(5),
    ]
    #expect(
      throws: ParameterError(name: "restarts", found: "5", remedy: "write at most 4 with 1000000000 steps")
    ) { try TrialParameters(values: values) }
    #expect(try TrialParameters(values: values.merging([.restarts: .integer(4)]) { $1 }).restarts == 4)
  }
}
