// What correct manifests mean: axes, cells, candidates, seeds, notes, limits.
import Foundation
import Manifests
import Shared
import Testing

/// The repository's root, found from this file.
private let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

@Suite struct SweepPlanTests {
  @Test func `quickstart plans the matrix of the README`() throws {
    let loaded = try loadManifest(at: repository.appendingPathComponent("sweeps/quickstart.yaml").path)
    let plan = loaded.plan
    #expect(loaded.notes.isEmpty)
    #expect(plan.name == "quickstart")
    #expect(plan.axes.map(\.role) == [.rows, .columns])
    #expect(plan.axes[0].values.map(\.description) == ["linear", "relu", "exp"])
    #expect(plan.axes[1].values.map(\.description) == ["linear", "relu", "exp", "softmax"])
    #expect(plan.tuned == [.learningRate])
    #expect(plan.cells.count == 12)
    #expect(plan.cells[1].coordinates == [.text("linear"), .text("relu")])
    #expect(plan.cells[4].coordinates == [.text("relu"), .text("linear")])
    #expect(plan.cells.allSatisfy { $0.candidates.map(\.learningRate) == [0.007, 0.02] })
    #expect(plan.tuneSeeds.map(\.rawValue) == [Seed.firstTuning, Seed.firstTuning + 1])
    #expect(plan.reportSeeds.map(\.rawValue) == Array(0..<8))
    #expect(plan.plannedTrialCount == 12 * (2 * 2 + 1 + 8))
  }

  @Test func `what is kept of checkpoints is no part of an identity`() throws {
    let plain = try plan(smallest), kept = try plan(smallest + "checkpoints: {keep_last: 5, budget: 1.5 GiB}\n")
    #expect((plain.checkpoints.keepLast, plain.checkpoints.budget) == (2, nil))
    #expect((kept.checkpoints.keepLast, kept.checkpoints.budget) == (5, 3 << 29))
    #expect(kept.cells.map { $0.candidates.map(\.id) } == plain.cells.map { $0.candidates.map(\.id) })
  }

  @Test func `every file in sweeps is a manifest that plans without notes, under the name of its file`() throws {
    let folder = repository.appendingPathComponent("sweeps")
    let files = try #require(FileManager.default.enumerator(atPath: folder.path)).compactMap { $0 as? String }
      .filter { $0.contains(".") }
    #expect(files.contains("random.yaml") && files.contains("paper/figure3-small.yaml"))
    for file in files {
      let loaded = try loadManifest(at: folder.appendingPathComponent(file).path)
      #expect(loaded.notes.isEmpty, "\(file)")
      #expect(loaded.plan.plannedTrialCount > 0, "\(file)")
      #expect(file.hasSuffix("\(loaded.plan.name).yaml"), "\(file)")
      let summary = PlanSummary(loaded.plan, slots: 2) { _, _ in 1 }
      #expect(summary.trials == loaded.plan.plannedTrialCount && summary.networkParameters.lowerBound > 0, "\(file)")
    }
  }

  @Test func `the atlas is as wide as it says`() throws {
    for name in ["atlas", "atlas-small"] {
      let plan = try loadManifest(at: repository.appendingPathComponent("sweeps/\(name).yaml").path).plan
      #expect(plan.axes[0].values.count >= 12)
      #expect(plan.axes[1].values.count >= 10)
    }
  }

  @Test func `contrasts are weights of the axes' values that sum to 0`() throws {
    func report(_ contrasts: String) -> String {
      """
      method: grid
      parameters:
        task: {values: [relu, exp]}
        activation: {values: [relu, exp, [exp, linear]]}
        steps: {value: 100}
      report:
        contrasts:
          \(contrasts)

      """
    }
    let read = try plan(report("two: {columns: {exp+linear: 1, relu: -0.5, exp: -0.5}, rows: {relu: 1, exp: -1}}"))
    #expect(
      read.report.contrasts == [
        Contrast(
          name: "two",
          columns: [
            .init(value: "exp+linear", weight: 1), .init(value: "relu", weight: -0.5),
            .init(value: "exp", weight: -0.5),
          ], rows: [.init(value: "relu", weight: 1), .init(value: "exp", weight: -1)])
      ])
    for (contrast, found) in [
      (
        "a: {columns: {relu: 1, softmax: -1}}",
        "report.contrasts.a names \"softmax\" in columns; write one of relu, exp, exp+linear"
      ),
      ("a: {columns: {relu: 1, exp: -0.5}}", "write numbers that sum to 0"),
      ("a: {columns: {relu: 0, exp: 0}}", "write a number from -1000 to 1000, not 0"),
      ("a: {rows: {relu: 1, exp: -1}}", "report.contrasts.a has no columns"),
      ("a: {column: {relu: 1, exp: -1}}", "report.contrasts.a has the unknown key \"column\""),
    ] {
      let text = try #require(refusal(of: report(contrast)))
      #expect(text.hasPrefix("a.yaml:8: ") && text.contains(found), "\(text)")
    }
  }

  @Test func `figures along the step are asked for by a flag`() throws {
    #expect(try plan(smallest).report.alongStep == false)
    #expect(try plan(smallest + "report: {along_step: true}\n").report.alongStep)
  }

  @Test func `the manual names every parameter and distribution`() throws {
    let manual = try String(contentsOf: repository.appendingPathComponent("docs/manifest.md"), encoding: .utf8)
    for name in ParameterName.allCases {
      #expect(manual.contains("| `\(name.rawValue)` |"), "docs/manifest.md has no row for \(name.rawValue)")
    }
  }

  @Test func `a cell is one value of every axis, the last varying fastest`() throws {
    let plan = try plan(
      """
      method: grid
      parameters:
        task: {values: [linear, "exp(2)"]}
        activation: {value: [exp, linear]}
        context: {values: [4, 2]}
        layers: {values: [1, 3]}
      report: {rows: task, columns: activation, x: context, facet: layers}
      """)
    #expect(plan.axes.map(\.name) == [.task, .activation, .context, .layers])
    #expect(
      plan.cells.map { $0.coordinates.map(\.description).joined(separator: " ") } == [
        "linear exp+linear 4 1", "linear exp+linear 4 3", "linear exp+linear 2 1", "linear exp+linear 2 3",
        "exp(2.0) exp+linear 4 1", "exp(2.0) exp+linear 4 3", "exp(2.0) exp+linear 2 1", "exp(2.0) exp+linear 2 3",
      ])
    #expect(plan.tuned.isEmpty)
    #expect(plan.tuneSeeds.isEmpty)
    #expect(plan.cells[2].candidates[0].context == 2)
  }

  @Test func `a grid sorts its parameters by name and varies the last fastest`() throws {
    let plan = try plan(
      smallest + """
          weight_decay: {values: [0.5, 0.25]}
          beta1: {distribution: q_uniform, min: 0.1, max: 0.3, q: 0.1}
        seeds: 3
        """)
    #expect(plan.tuned == [.beta1, .weightDecay])
    #expect(
      plan.cells[0].candidates.map { [$0.beta1, $0.weightDecay] } == [
        [0.1, 0.5], [0.1, 0.25], [0.2, 0.5], [0.2, 0.25], [0.3, 0.5], [0.3, 0.25],
      ])
    #expect(plan.tuneSeeds.count == 2)
    #expect(plan.reportSeeds.count == 3)
  }

  @Test func `run_cap gives every cell the same first configurations`() throws {
    let text = """
      method: grid
      run_cap: 7
      parameters:
        task: {values: [relu, exp]}
        activation: {value: exp}
        steps: {min: 100, max: 1000000000}
      """
    #expect(try plan(text).cells.map { $0.candidates.map(\.steps) } == [[100, 101, 102], [100, 101, 102]])
    #expect(
      refusal(of: text.replacing("run_cap: 7", with: "run_cap: 1"))
        == "a.yaml:2: run_cap is \"1\" for 2 cells; write at least 2, one configuration per cell")
  }

  @Test func `a sweep beyond a million trials is refused before it is enumerated`() {
    #expect(
      refusal(ofParameter: "evaluate_every: {min: 1, max: 1000000000}\n  beta1: {values: [0.1, 0.2]}")
        == """
        a.yaml:2: the sweep has 4000000009 trials: 1 cells × (2000000000 configurations × 2 tuning seeds + 1 reference + \
        8 seeds); at most 1000000 are allowed, set run_cap or shorten a list
        """)
    let huge = (1...4).map { _ in "{min: 1, max: 1000000000000000}" }
    let names = ["evaluate_every", "checkpoint_every", "resample_every", "pool"]
    let lines = zip(names, huge).map { "\($0): \($1)" }.joined(separator: "\n  ")
    #expect(refusal(ofParameter: lines)?.contains("more than 10^19 configurations") == true)
  }

  @Test func `report names axes that parameters has, each once`() {
    #expect(refusal(ofKey: "report: {x: contxt}") == "a.yaml:6: report.x is \"contxt\"; did you mean context?")
    #expect(
      refusal(ofKey: "report: {x: context}")
        == "a.yaml:6: report.x is \"context\", which parameters does not have; add `context: {values: […]}` to parameters"
    )
    #expect(
      refusal(ofKey: "report: {x: task}") == "a.yaml:6: report.x is \"task\", as report.rows is; name another parameter"
    )
    #expect(
      refusal(of: "method: grid\nparameters:\n  task: {value: exp}\n")
        == """
        a.yaml:2: activation is missing from parameters; add `activation: {values: [linear, relu, exp, softmax]}`
        """)
  }

  @Test func `confidence, tie margin, metric and seeds are checked`() throws {
    #expect(
      refusal(ofKey: "report: {confidence: 0.5}")
        == "a.yaml:6: report.confidence is \"0.5\"; write a number between 0.5 and 1")
    #expect(
      refusal(ofKey: "report: {tie_margin: 0}") == "a.yaml:6: report.tie_margin is \"0\"; write a number above 0")
    #expect(
      refusal(ofKey: "metric: {goal: maximize}")
        == "a.yaml:6: metric.goal is \"maximize\"; both metrics are losses, so write minimize")
    #expect(
      refusal(ofKey: "metric: {name: loss}")
        == "a.yaml:6: metric.name is \"loss\"; write one of validation_loss, train_loss")
    #expect(
      refusal(ofParameter: "learning_rate: {values: [0.1, 0.2]}\nseeds: {tune: 0}")
        == "a.yaml:7: seeds.tune is \"0\", but learning_rate is tuned; write at least 1")
    let plan = try plan(smallest + "metric: {name: train_loss}\nreport: {confidence: 0.9, tie_margin: 1e-3}\n")
    #expect(plan.metric.name == .trainLoss)
    #expect(plan.report.confidence == 0.9)
    #expect(plan.report.tieMargin == 0.001)
  }

  @Test func `keys of W&B that mean nothing here are left aside with one note`() throws {
    let loaded = try parseManifest(
      "program: train.py\nproject: icl\ncommand: [python, x]\n" + smallest
        + "metric: {name: validation_loss, target: 0}\n",
      path: "a.yaml")
    #expect(
      loaded.notes == [
        "metric.target: W&B's own, without meaning here and left aside",
        "program, project, command: W&B's own, without meaning here and left aside",
      ])
  }

  @Test func `what decides the problem is an axis or fixed, never tuned`() {
    #expect(
      refusal(of: smallest + "  context: {values: [4, 8]}\n") == """
        a.yaml:6: context is tuned, although each of its values is another problem; to compare them write report: {x: context}, else give it one value
        """)
    #expect(throws: Never.self) {
      try parseManifest(smallest + "  context: {values: [4, 8]}\nreport: {x: context}\n", path: "a.yaml")
    }
  }

  @Test func `scalars follow the core schema`() throws {
    let plan = try plan(
      smallest + """
          learning_rate: {value: 1e-3}
          weight_decay: {value: -0.0}
          beta1: {value: .5}
          layers: {value: 0x10}
          context: {value: +7}
          tied_layers: {value: True}
          attention_scale: {value: 1}
          clip_norm: {value: none}
          covariance: {value: [1, 2, 3e0, 4., 5]}
          layer_clip: {value: {scale: 1e-8, base: 20}}
        name: 2024
        """)
    let parameters = plan.cells[0].candidates[0]
    #expect(plan.name == "2024")
    #expect(parameters.learningRate == 0.001)
    #expect(parameters.weightDecay.sign == .plus)
    #expect(parameters.beta1 == 0.5)
    #expect(parameters.layers == 16)
    #expect(parameters.context == 7)
    #expect(parameters.tiedLayers)
    #expect(parameters.attentionScale == .one)
    #expect(parameters.clipNorm == nil)
    #expect(parameters.covariance == [1, 2, 3, 4, 5])
    #expect(parameters.layerClip == LayerClip(scale: 1e-8, base: 20, switchStep: 1_000_000_000, scaleAfter: 1e-8))
  }

  @Test func `two recipes that come to the same configuration are refused`() {
    let all = """
      recipe: {values: [default, cheng2024]}
        learning_rate: {value: 0.1}
        beta1: {value: 0.9}
        beta2: {value: 0.9}
        epsilon: {value: 1e-8}
        schedule: {value: constant}
        warmup_steps: {value: 0}
        clip_norm: {value: none}
        layer_clip: {value: none}
        init: {value: gaussian}
        init_scale: {value: 0.1}
        attention_scale: {value: 1/n}
        batch: {value: 512}
        resample_every: {value: 1}
      """
    #expect(
      refusal(ofParameter: all)
        == "a.yaml:6: recipe makes no difference where all that it sets is given; write one recipe")
    #expect(refusal(ofParameter: all.replacing("  batch: {value: 512}\n", with: "")) == nil)
  }
}
