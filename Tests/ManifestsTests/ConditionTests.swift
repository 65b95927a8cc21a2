// Parameters that take part only while others have certain values: the configurations of every method, and the mistakes.
import Manifests
import Search
import Shared
import Testing

@Suite struct ConditionTests {
  /// One cell with the lines below `parameters`, from line 6 on.
  private func text(_ lines: [String], method: String = "grid") -> String {
    smallest.replacing("method: grid", with: "method: \(method)") + lines.map { "  \($0)\n" }.joined()
      + (method == "grid" ? "" : "run_cap: 12\n")
  }

  private static let lines = [
    "schedule: {values: [cosine, constant]}", "warmup_steps: {values: [0, 10, 20], when: {schedule: cosine}}",
  ]

  private func described(_ plan: SweepPlan) -> [String] {
    plan.cells[0].configurations.map(\.parameters).map { candidate in
      plan.tuned.map { "\(candidate.explicitValues[$0] ?? .text("–"))" }.joined(separator: " ")
    }
  }

  @Test func `a grid has each configuration once, and what takes no part is left at its default`() throws {
    let plan = try plan(text(Self.lines))
    #expect(plan.tuned == [.schedule, .warmupSteps])
    // cosine and a warm-up of 5 are defaults here; a configuration is written without its defaults.
    #expect(described(plan) == ["– 0", "– 10", "– 20", "constant –"])
    let alone = try Manifests.parseManifest(text(["schedule: {value: constant}"]), path: "a.yaml").plan
    #expect(plan.cells[0].configurations.map(\.id).contains(alone.cells[0].configurations[0].id))
    #expect(Set(plan.cells[0].configurations.map(\.id)).count == 4)
  }

  @Test func `conditions go over several parameters and steps`() throws {
    let plan = try plan(
      text([
        "optimizer: {values: [adam, adamw, sgd]}",
        "weight_decay: {values: [0.1, 0.2], when: {optimizer: [adamw, sgd]}}",
        "beta1: {values: [0.5, 0.7], when: {optimizer: [adam, adamw]}}",
        "beta2: {values: [0.8, 0.95], when: {optimizer: adam, beta1: 0.5}}",
        "clip_norm: {value: 2, when: {optimizer: sgd}}",
      ]))
    #expect(plan.tuned.map(\.rawValue) == ["beta1", "beta2", "clip_norm", "optimizer", "weight_decay"])
    // adam: 2 + 1, adamw: 2 · 2, sgd: 2.
    #expect(
      described(plan) == [
        "0.5 0.8 – – –", "0.5 – – adamw 0.1", "0.5 – – adamw 0.2", "– – 2 sgd 0.1", "– – 2 sgd 0.2", "0.5 0.95 – – –",
        "0.7 – – – –", "0.7 – – adamw 0.1", "0.7 – – adamw 0.2",
      ])
  }

  @Test(arguments: ["random", "sobol", "bayes"])
  func `no method proposes a configuration twice`(method: String) throws {
    let lines = [
      "schedule: {values: [cosine, constant]}", "warmup_steps: {values: [0, 10], when: {schedule: cosine}}",
      "learning_rate: {values: [0.001, 0.01, 0.1]}",
    ]
    let loaded = try parseManifest(text(lines, method: method), path: "a.yaml")
    let configurations = loaded.plan.cells[0].configurations
    #expect(Set(configurations.map(\.id)).count == configurations.count)
    // Three rates with two warm-ups and without: nine exist, of which bayes first tries eight.
    #expect(configurations.count == (method == "bayes" ? 8 : 9))
    #expect(loaded.plan.search.map(\.configurations) == (method == "bayes" ? 9 : nil))
    #expect(loaded.notes.contains { $0.contains("only 9 different ones") })
    for candidate in configurations.map(\.parameters) where candidate.schedule == .constant {
      #expect(candidate.warmupSteps == 5)
    }
  }

  @Test func `the ninth proposal of bayes is the one that is left, and then there is none`() throws {
    let lines = [
      "schedule: {values: [cosine, constant]}", "warmup_steps: {values: [0, 10], when: {schedule: cosine}}",
      "learning_rate: {values: [0.001, 0.01, 0.1]}",
    ]
    let plan = try plan(text(lines, method: "bayes"))
    var tuning = CellTuning(plan.cells[0], plan)
    tuning.advance(plan) { candidate in [TuningEvidence(loss: 1 + Double(candidate), hasEnded: true)] }
    #expect(tuning.configurations.count == 9)
    #expect(Set(tuning.configurations.map(\.id)).count == 9)
    tuning.advance(plan) { candidate in [TuningEvidence(loss: 1 + Double(candidate), hasEnded: true)] }
    #expect(tuning.configurations.count == 9)
  }

  @Test func `a condition on a parameter of one value is decided at once`() throws {
    let always = try plan(
      text(["schedule: {value: cosine}", "warmup_steps: {values: [0, 10], when: {schedule: cosine}}"]))
    #expect(always.tuned == [.warmupSteps] && always.conditions.isEmpty)
    let never = try parseManifest(
      text([
        "schedule: {value: constant}", "warmup_steps: {values: [0, 10], when: {schedule: cosine}}",
        "beta1: {values: [0.5, 0.7], when: {warmup_steps: 0}}",
      ]), path: "a.yaml")
    #expect(never.plan.tuned.isEmpty)
    #expect(
      never.notes == [
        "warmup_steps is left at its default: schedule never has the value that warmup_steps.when asks for",
        "beta1 is left at its default: warmup_steps never has the value that beta1.when asks for",
      ])
  }

  @Test func `plan shows the values and where they are tried`() throws {
    let summary = PlanSummary(try plan(text(Self.lines)), slots: 1) { _, _ in 1 }
    #expect(summary.text.contains("tuned    warmup_steps  0, 10, 20, where schedule is cosine"), "\(summary.text)")
    #expect(summary.json.contains(#""values":[0,10,20],"when":{"schedule":["cosine"]}}"#))
    #expect(summary.text.contains("4 configurations × 2 seeds"))
  }

  @Test func `mistakes name their lines`() {
    func refused(_ lines: String...) -> String? { refusal(of: text(lines)) }
    #expect(
      refused("warmup_steps: {values: [0, 10], when: {schedule: cosine}}")
        == """
        a.yaml:6: warmup_steps depends on schedule, which parameters does not have; add `schedule: {values: […]}` to \
        parameters
        """)
    #expect(
      refused("schedule: {values: [cosine, constant]}", "warmup_steps: {values: [0, 10], when: {schedule: step}}")
        == """
        a.yaml:7: warmup_steps.when.schedule is "step", which schedule never is; write one of cosine, constant
        """)
    #expect(
      refused("schedule: {values: [cosine, constant]}", "warmup_steps: {values: [0, 10], when: {schedul: cosine}}")
        == "a.yaml:7: warmup_steps.when has \"schedul\", which is not a parameter; did you mean schedule?")
    #expect(
      refused("beta1: {min: 0.1, max: 0.9}", "beta2: {values: [0.1, 0.2], when: {beta1: 0.5}}")
        == "a.yaml:7: beta2 depends on beta1, which is drawn from a range; give beta1 its values: {values: […]}")
    #expect(
      refused("beta2: {values: [0.1, 0.2], when: {task: relu}}")
        == """
        a.yaml:6: beta2 depends on task, which is an axis: all cells try the same; write one manifest per value of task
        """)
    #expect(
      refused("beta2: {values: [0.1, 0.2], when: {beta2: 0.1}}")
        == "a.yaml:6: beta2 depends on itself; name another parameter in when")
    #expect(
      refused("beta1: {values: [0.1, 0.2], when: {beta2: 0.1}}", "beta2: {values: [0.1, 0.2], when: {beta1: 0.1}}")
        == "a.yaml:6: beta1 depends on itself by way of other parameters; remove one when")
    #expect(
      refused("beta2: {values: [0.1, 0.2], when: adam}")
        == """
        a.yaml:6: beta2.when is "adam"; write {optimizer: adam}, a parameter and the value it must have
        """)
    #expect(
      refused("beta2: {values: [0.1, 0.2], when: {}}") == "a.yaml:6: beta2.when is empty; write {optimizer: adam}")
    #expect(
      refused("beta2: {values: [0.1, 0.2], when: {optimizer: []}}")
        == "a.yaml:6: beta2.when.optimizer is an empty list; write at least one value")
    #expect(
      refusal(
        of: smallest.replacing("{value: exp}", with: "{values: [exp, relu], when: {schedule: cosine}}")
          + "  schedule: {values: [cosine, step]}\n")
        == "a.yaml:4: activation has when, but is an axis and takes every value; remove when")
  }
}
