// sobol and bayes, early_terminate, replicate: what they mean in a plan, and what is refused in which words.
import Manifests
import Search
import Shared
import Testing

@Suite struct SearchKeysTests {
  private let tuned = """
    method: METHOD
    run_cap: 24
    parameters:
      task: {values: [relu, exp]}
      activation: {value: exp}
      learning_rate: {distribution: log_uniform_values, min: 0.001, max: 0.1}
      beta1: {values: [0.9, 0.5]}

    """

  private func text(_ method: String, _ more: String = "") -> String { tuned.replacing("METHOD", with: method) + more }

  @Test func `sobol proposes the same different configurations in every cell`() throws {
    let plan = try plan(text("sobol"))
    #expect(plan.cells.map(\.candidates.count) == [12, 12])
    #expect(plan.cells[0].candidates.map(\.learningRate) == plan.cells[1].candidates.map(\.learningRate))
    #expect(plan.search == nil)
    // Six of twelve Sobol points lie in each half of every coordinate, give or take the last four.
    #expect((5...7).contains(plan.cells[0].candidates.count { $0.beta1 == 0.5 }))
    let other = try Manifests.parseManifest(text("sobol", "sampler_seed: 1\n"), path: "a.yaml").plan
    #expect(other.cells[0].candidates.map(\.learningRate) != plan.cells[0].candidates.map(\.learningRate))
  }

  @Test func `bayes starts with the generation that sobol would, and carries what proposes the others`() throws {
    let plan = try plan(text("bayes", "bayes: {initial: 5, generation: 3}\n"))
    let sobol = try Manifests.parseManifest(text("sobol"), path: "a.yaml").plan
    #expect(plan.cells[1].candidates.map(\.learningRate) == sobol.cells[1].candidates.prefix(5).map(\.learningRate))
    let search = try #require(plan.search)
    #expect([search.configurations, search.initial, search.generation] == [12, 5, 3])
    #expect(search.space.dimensions.map(\.name) == plan.tuned)
    #expect(search.space.dimensions[0].domain == .choices([.number(0.5), .number(0.9)], probabilities: nil))
    let tuple = try search.space.tuple(at: [0.9, 0.5])
    let parameters = try #require(plan.parameters(of: plan.cells[1], tuple: tuple))
    #expect(parameters.beta1 == 0.9)
    #expect(abs(parameters.learningRate - 0.01) < 1e-15)
    #expect(parameters.task == plan.cells[1].candidates[0].task)
  }

  @Test func `early_terminate has W&B's keys and defaults`() throws {
    func settings(_ keys: String) throws -> EarlyTermination? {
      try plan(text("random", "early_terminate: {\(keys)}\n")).earlyTermination
    }
    #expect(
      try settings("type: hyperband, min_iter: 3") == EarlyTermination(rule: .hyperband, spacing: .from(3), eta: 3))
    #expect(
      try settings("type: hyperband, max_iter: 27, s: 2, eta: 2.5, strict: true, brackets: 2")
        == EarlyTermination(
          rule: .hyperband, spacing: .below(27, count: 2), eta: 2.5, isStrict: true, brackets: 2))
    #expect(
      try settings("type: median, min_iter: 5") == EarlyTermination(rule: .median, spacing: .every(1, from: 5)))
    let asha = try parseManifest(text("random", "early_terminate: {type: asha, min_iter: 1}\n"), path: "a.yaml")
    #expect(asha.plan.earlyTermination?.dependsOnTiming == true)
    #expect(
      asha.notes.suffix(1) == [
        "early_terminate asha depends on timing: the same manifest may stop other trials the next time"
      ])
  }

  @Test func `early_terminate is refused in words`() {
    func refusal(_ keys: String) -> String? {
      ManifestsTests.refusal(of: text("random", "early_terminate: {\(keys)}\n"))?.replacing("a.yaml:8: ", with: "")
    }
    #expect(refusal("min_iter: 3") == "early_terminate has no type; add type: hyperband")
    #expect(
      refusal("type: hyperbrand, min_iter: 3") == "early_terminate.type is \"hyperbrand\"; did you mean hyperband?")
    #expect(
      refusal("type: hyperband") == "early_terminate has neither min_iter nor max_iter and s; add min_iter: 2")
    #expect(
      refusal("type: hyperband, max_iter: 27")
        == "early_terminate has max_iter but no s; add s, the number of rungs, or write min_iter")
    #expect(
      refusal("type: hyperband, min_iter: 0")
        == "early_terminate.min_iter is \"0\"; write a whole number from 1 to 1000000")
    #expect(
      refusal("type: hyperband, min_iter: 1, eta: 1") == "early_terminate.eta is \"1\"; write a number above 1")
    #expect(
      refusal("type: hyperband, min_iter: 1, strict: yes")
        == "early_terminate.strict is \"yes\"; write true or false")
    #expect(
      refusal("type: hyperband, min_itr: 1")
        == "early_terminate has the unknown key \"min_itr\"; did you mean min_iter?")
    #expect(
      refusal("type: median, min_iter: 1, eta: 2") == "early_terminate.eta has no meaning for median; remove it")
    #expect(
      refusal("type: hyperband, min_iter: 20")
        == """
        early_terminate has no rung before the end: trials have 20 evaluations; write a smaller min_iter, or a smaller \
        evaluate_every
        """)
  }

  @Test func `candidates that are evaluated differently often cannot be judged together`() {
    let text = text("random", "early_terminate: {type: hyperband, min_iter: 1}\n").replacing(
      "beta1: {values: [0.9, 0.5]}", with: "evaluate_every: {values: [100, 500]}")
    #expect(
      refusal(of: text)?.hasSuffix("leave out evaluate_every, so that all have as many evaluations") == true)
  }

  @Test func `generations and the trials per rung are known before anything runs`() throws {
    func forecast(_ method: String, _ more: String) throws -> TuningForecast? {
      try Manifests.parseManifest(text(method, more), path: "a.yaml").plan.tuningForecast
    }
    #expect(try forecast("sobol", "") == nil)
    #expect(
      try forecast("bayes", "bayes: {initial: 5, generation: 3}\n")
        == TuningForecast(generations: [5, 3, 3, 1], rungs: []))
    // 2,000 steps have 20 evaluations: rungs at 2, 6 and 18 of them.
    let halving = try #require(try forecast("sobol", "early_terminate: {type: hyperband, min_iter: 2, eta: 3}\n"))
    #expect(halving.rungs.map(\.step) == [200, 600, 1800, 2000])
    #expect(halving.rungs.map(\.configurations) == [12, 4, 2, 1])
    #expect(abs(halving.shareOfSteps - 66.0 / 240) < 1e-12)
    // Those of the second bracket train to its rung without being judged at the first.
    let brackets = try #require(
      try forecast("sobol", "early_terminate: {type: hyperband, min_iter: 2, eta: 3, brackets: 2}\n"))
    #expect(brackets.rungs[0].configurations == 12 && brackets.rungs[1].configurations > 4)
    let generations = try #require(
      try forecast(
        "bayes", "bayes: {initial: 6, generation: 3}\nearly_terminate: {type: hyperband, min_iter: 5, eta: 9}\n"))
    #expect(generations.rungs.map(\.configurations) == [12, 3])
    #expect(try forecast("sobol", "early_terminate: {type: median}\n")?.rungs == [])
  }

  @Test func `replicate decides the reporting seeds`() throws {
    let plan = try plan(smallest + "replicate: {min: 6, max: 30, until: decided}\n")
    #expect(plan.reportSeeds.count == 6)
    #expect(plan.replication == Replication(minimum: 6, maximum: 30))
    #expect(try Manifests.parseManifest(smallest + "replicate: {}\n", path: "a").plan.replication?.maximum == 40)
    #expect(
      refusal(ofKey: "replicate: {min: 8, max: 4}")
        == "a.yaml:6: replicate has min 8 and max 4; write a min that is at most the max")
    #expect(
      try Manifests.parseManifest(smallest + "replicate: {max: 60, horizon: 40}\n", path: "a").plan.replication
        == Replication(minimum: 8, maximum: 60, horizon: 40))
    #expect(
      refusal(ofKey: "replicate: {max: 30, horizon: 40}")
        == "a.yaml:6: replicate has horizon 40; write a number from 8 to 30, its min and max, or leave it out")
    #expect(
      refusal(ofKey: "replicate: {horizont: 40}")
        == "a.yaml:6: replicate has the unknown key \"horizont\"; did you mean horizon?")
    #expect(
      refusal(ofKey: "replicate: {until: certain}") == "a.yaml:6: replicate.until is \"certain\"; write decided")
    #expect(
      refusal(ofKey: "replicate: {max: 20}\nseeds: 8")
        == """
        a.yaml:7: seeds.report is "8", which replicate decides; write replicate: {min: 8, max: …} alone
        """)
  }

  @Test func `bayes and unknown methods are told what to write`() {
    #expect(
      refusal(
        of: text("grid", "bayes: {initial: 4}\n").replacing(
          "distribution: log_uniform_values, min: 0.001, max: 0.1", with: "values: [0.1, 0.2]"))
        == "a.yaml:8: bayes has no meaning for method grid; remove it, or write `method: bayes`")
    #expect(
      refusal(of: text("gird"))
        == "a.yaml:1: method is \"gird\"; write one of grid, random, sobol, bayes (did you mean grid?)")
    #expect(
      refusal(of: text("sobol").replacing("run_cap: 24\n", with: ""))
        == "a.yaml: method sobol has no run_cap; add `run_cap: 16` for 8 configurations per cell")
    #expect(
      refusal(
        of: text("sobol").replacing(
          "distribution: log_uniform_values, min: 0.001, max: 0.1", with: "distribution: normal"))?
        .hasPrefix("a.yaml:6: learning_rate becomes \"-") == true)
  }
}
