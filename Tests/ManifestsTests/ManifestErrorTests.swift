// Every mistake a manifest can make, word for word.
import Manifests
import Testing

@Suite struct ManifestErrorTests {
  @Test func `the smallest manifest is accepted`() {
    #expect(refusal(of: smallest) == nil)
  }

  @Test func `an unknown key at the top is named with the nearest one`() {
    #expect(
      refusal(of: "methd: grid\n" + smallest) == "a.yaml:1: \"methd\" is not a key of a manifest; did you mean method?")
    #expect(
      refusal(ofKey: "zebra: 1")
        == """
        a.yaml:6: "zebra" is not a key of a manifest; write one of name, description, method, parameters, metric, \
        run_cap, sampler_seed, seeds, report, checkpoints, activations, tasks, replicate, bayes, early_terminate
        """)
  }

  @Test func `an unknown parameter is named with the nearest one`() {
    #expect(
      refusal(ofParameter: "learning_rat: {value: 0.1}")
        == "a.yaml:6: \"learning_rat\" is not a parameter; did you mean learning_rate?")
    #expect(
      refusal(ofParameter: "zebra: {value: 0.1}")
        == "a.yaml:6: \"zebra\" is not a parameter; docs/manifest.md lists all parameters")
  }

  @Test func `an unknown key inside a parameter is named with the nearest one`() {
    #expect(
      refusal(ofParameter: "layers: {valeu: 3}")
        == "a.yaml:6: layers has the unknown key \"valeu\"; did you mean value?")
    #expect(
      refusal(ofParameter: "layers: {value: 3, disribution: constant}")
        == "a.yaml:6: layers has the unknown key \"disribution\"; did you mean distribution?")
    #expect(
      refusal(ofParameter: "layers: {value: 3, max: 4}")
        == "a.yaml:6: layers has the key \"max\"; beside value it has no meaning, remove it")
    #expect(refusal(ofParameter: "layers: {}") == "a.yaml:6: layers is empty; write {value: …} or {values: […]}")
    #expect(refusal(ofParameter: "layers: {max: 4}") == "a.yaml:6: layers has no min; add min: …")
    #expect(
      refusal(ofParameter: "layers: {sigma: 4}")
        == "a.yaml:6: layers has sigma but no distribution; add distribution: …")
  }

  @Test func `unknown keys of metric, seeds and report are named`() {
    #expect(refusal(ofKey: "metric: {nam: x}") == "a.yaml:6: metric has the unknown key \"nam\"; did you mean name?")
    #expect(refusal(ofKey: "seeds: {tun: 2}") == "a.yaml:6: seeds has the unknown key \"tun\"; did you mean tune?")
    #expect(refusal(ofKey: "report: {row: task}") == "a.yaml:6: report has the unknown key \"row\"; did you mean rows?")
  }

  @Test(arguments: [
    ("checkpoints: {keep: 2}", "checkpoints has the unknown key \"keep\"; write one of keep_last, budget"),
    ("checkpoints: {keep_lst: 2}", "checkpoints has the unknown key \"keep_lst\"; did you mean keep_last?"),
    ("checkpoints: {keep_last: 0}", "checkpoints.keep_last is \"0\"; write a whole number from 1 to 1000"),
    (
      "checkpoints: {budget: 10 Gib}",
      "checkpoints.budget is \"10 Gib\"; write a unit of B, kB, MB, GB, TB, KiB, MiB, GiB, TiB after the number (did you "
        + "mean GiB?)"
    ),
    ("checkpoints: {budget: []}", "checkpoints.budget is \"[]\"; write a size, such as 10 GiB"),
    ("checkpoints: 3", "checkpoints is \"3\"; write {keep_last: 2, budget: 10 GiB}"),
  ])
  func `what is wrong with checkpoints is named`(key: String, error: String) {
    #expect(refusal(ofKey: key) == "a.yaml:6: " + error)
  }

  @Test func `a value of the wrong type says what is allowed`() {
    #expect(
      refusal(ofParameter: "layers: {value: three}")
        == "a.yaml:6: layers is \"three\"; write a whole number from 1 to 64")
    #expect(
      refusal(ofParameter: "layers: {value: 2.5}") == "a.yaml:6: layers is \"2.5\"; write a whole number from 1 to 64")
    #expect(
      refusal(ofParameter: "tied_layers: {value: yes}") == "a.yaml:6: tied_layers is \"yes\"; write true or false")
    #expect(
      refusal(ofParameter: "learning_rate: {value: '0.1'}")
        == "a.yaml:6: learning_rate is \"0.1\"; write a number above 0")
    #expect(refusal(ofParameter: "layers: {value: }") == "a.yaml:6: layers is empty; write a value")
    #expect(refusal(ofParameter: "layers: 3") == "a.yaml:6: layers is \"3\"; write {value: 3}")
    #expect(refusal(ofParameter: "layers: [3, 4]") == "a.yaml:6: layers is \"[3, 4]\"; write {values: [3, 4]}")
    #expect(refusal(ofParameter: "layers: {values: 3}") == "a.yaml:6: layers.values is \"3\"; write a list: [3]")
    #expect(refusal(ofKey: "seeds: many") == "a.yaml:6: seeds is \"many\"; write a whole number from 1 to 100000")
    #expect(refusal(ofKey: "report: task") == "a.yaml:6: report is \"task\"; write {rows: task, columns: activation}")
  }

  @Test func `an empty list is refused`() {
    #expect(
      refusal(ofParameter: "layers: {values: []}")
        == "a.yaml:6: layers.values is an empty list; write at least one value")
  }

  @Test func `a min at or above the max is refused`() {
    #expect(
      refusal(ofParameter: "layers: {min: 4, max: 2}")
        == "a.yaml:6: layers has min 4 and max 2; write a min below the max, or {value: 4}")
    #expect(
      refusal(ofParameter: "layers: {min: 4, max: 4}")
        == "a.yaml:6: layers has min 4 and max 4; write a min below the max, or {value: 4}")
    #expect(
      refusal(ofParameter: "learning_rate: {distribution: log_uniform_values, min: 0.1, max: 0.01}")
        == "a.yaml:6: learning_rate has min 0.1 and max 0.01; write a min below the max, or {value: 0.1}")
  }

  @Test func `NaN and infinity are refused`() {
    #expect(
      refusal(ofParameter: "learning_rate: {value: .nan}")
        == "a.yaml:6: learning_rate is \".nan\"; write a finite number")
    #expect(
      refusal(ofParameter: "learning_rate: {values: [0.1, -.inf]}")
        == "a.yaml:6: learning_rate is \"-.inf\"; write a finite number")
    #expect(
      refusal(ofParameter: "learning_rate: {value: NaN}")
        == "a.yaml:6: learning_rate is \"NaN\"; write a number above 0")
    #expect(
      refusal(ofParameter: "learning_rate: {min: .nan, max: 1.0}")
        == "a.yaml:6: learning_rate.min is \".nan\"; write a number")
    #expect(
      refusal(ofKey: "report: {tie_margin: .nan}") == "a.yaml:6: report.tie_margin is \".nan\"; write a number above 0")
  }

  @Test func `negative layers and an empty context are refused`() {
    #expect(
      refusal(ofParameter: "layers: {value: -1}") == "a.yaml:6: layers is \"-1\"; write a whole number from 1 to 64")
    #expect(
      refusal(ofParameter: "context: {value: 0}") == "a.yaml:6: context is \"0\"; write a whole number from 1 to 1024")
  }

  @Test func `an activation that does not exist is named with the nearest one`() {
    let text = """
      method: grid
      parameters:
        task: {value: relu}
        activation:
          values:
            - exp
            - reul
      """
    #expect(
      refusal(of: text)
        == """
        a.yaml:7: activation is "reul"; write one of linear, relu, exp, sigmoid, tanh, softplus, elu_plus_one, gelu, \
        silu, squared_relu, cosine, gaussian, softmax, exp(c), poly(c,p), normalized(…) of one, or expression(…) \
        (did you mean relu?)
        """)
    #expect(
      refusal(ofParameter: "optimizer: {value: adma}")
        == "a.yaml:6: optimizer is \"adma\"; write one of adam, adamw, sgd (did you mean adam?)")
  }

  @Test func `numbers beyond every range are refused and do not crash`() {
    #expect(
      refusal(ofParameter: "layers: {value: 99999999999999999999999}")
        == "a.yaml:6: layers is \"99999999999999999999999\"; write a whole number from 1 to 64")
    #expect(
      refusal(ofParameter: "learning_rate: {value: 1e999}")
        == "a.yaml:6: learning_rate is \"1e999\"; write a finite number")
    #expect(
      refusal(ofParameter: "learning_rate: {value: 1e-60}")
        == "a.yaml:6: learning_rate is \"1e-60\"; write a number above 0")
    #expect(
      refusal(ofKey: "seeds: 99999999999999999999")
        == "a.yaml:6: seeds is \"99999999999999999999\"; write a whole number from 1 to 100000")
  }

  @Test func `a value listed twice is refused, however it is written`() {
    #expect(
      refusal(ofParameter: "learning_rate: {values: [0.02, 2e-2]}")
        == "a.yaml:6: learning_rate lists \"2e-2\" twice; keep one")
    #expect(
      refusal(ofParameter: "weight_decay: {values: [1, 1.0]}") == "a.yaml:6: weight_decay lists \"1.0\" twice; keep one"
    )
  }

  @Test func `distributions are checked`() {
    #expect(
      refusal(ofParameter: "learning_rate: {distribution: log_uniform, min: -5, max: -1}")
        == """
        a.yaml:6: learning_rate.distribution is "log_uniform"; its bounds are exponents in W&B; write \
        log_uniform_values and the bounds themselves
        """)
    #expect(
      refusal(ofParameter: "learning_rate: {distribution: unifrm, min: 0, max: 1}")
        == "a.yaml:6: learning_rate.distribution is \"unifrm\"; did you mean uniform?")
    #expect(
      refusal(ofParameter: "learning_rate: {distribution: normal, sigma: 0}")
        == "a.yaml:6: learning_rate.sigma is \"0\"; write a number above 0")
    #expect(
      refusal(ofParameter: "layers: {distribution: uniform, min: 1, max: 3}")
        == """
        a.yaml:6: layers is drawn as uniform, which gives fractions; write int_uniform, or a distribution with a whole q
        """)
    #expect(
      refusal(ofParameter: "optimizer: {min: 1, max: 3}")
        == "a.yaml:6: optimizer takes no range; write its values: {values: […]}")
    #expect(
      refusal(ofParameter: "layers: {values: [1, 2], probabilities: [0.5]}")
        == "a.yaml:6: layers.probabilities is \"[0.5]\"; write 2 numbers, one per value")
    #expect(
      refusal(ofParameter: "layers: {values: [1, 2], probabilities: [0.5, 0.25]}")
        == "a.yaml:6: layers.probabilities sum to 0.75; make them sum to 1")
    #expect(
      refusal(ofParameter: "layer_clip: {parameters: {scale: {value: 1}}}")
        == "a.yaml:6: layer_clip has nested parameters; write its value as one: layer_clip: {value: …}")
  }

  @Test func `values that do not fit together name the line of one of them`() {
    #expect(
      refusal(ofParameter: "dimension: {value: 3}\n  covariance: {value: [1, 2]}")
        == "a.yaml:7: covariance is \"2 values\"; write 3 values, one per dimension, or `ones`")
    #expect(
      refusal(ofParameter: "warmup_steps: {values: [0, 200]}")
        == "a.yaml:6: warmup_steps is \"200\"; write at most steps, 100")
    #expect(
      refusal(ofParameter: "recipe: {value: cheng2024}\n  layers:\n    values:\n    - 2\n    - 10")
        == "a.yaml:10: layers is \"10\"; write at most 9, the base of layer_clip, or set another layer_clip")
  }

  @Test func `a mistyped key is one mistake, not a missing key besides`() {
    #expect(
      refusal(of: "methd: grid\nparameters: {task: {value: linear}, activation: {value: relu}}\n")
        == "a.yaml:1: \"methd\" is not a key of a manifest; did you mean method?")
    #expect(
      refusal(of: "method: grid\nparametres: {task: {value: linear}}\n")
        == "a.yaml:2: \"parametres\" is not a key of a manifest; did you mean parameters?")
  }

  @Test func `all mistakes are shown at once, in the file's order`() {
    #expect(
      refusal(of: "parameters: {task: {value: x}, layers: {value: 0}}\nnme: a\n")
        == """
        a.yaml: method is missing; write `method: grid`, `random`, `sobol` or `bayes`
        a.yaml:1: task is "x"; write one of linear, relu, exp, composite, gaussian, laplace, matern32, matern52, polynomial, \
        cosine, arccosine0, arccosine1, sparse_linear, relu_network, decision_tree, quadratic, noisy_linear, \
        exp(s) with s above 0, kernel(…), or mixture(…, …)
        a.yaml:1: layers is "0"; write a whole number from 1 to 64
        a.yaml:2: "nme" is not a key of a manifest; did you mean name?
        """)
  }

  @Test func `control characters and long values do not reach the terminal`() {
    #expect(refusal(ofParameter: "layers: {value: \"a\\e[31m\\nb\"}")?.contains("\u{1B}") == false)
    #expect(
      refusal(ofParameter: "layers: {value: \(String(repeating: "x", count: 5000))}")
        == "a.yaml:6: layers is \"\(String(repeating: "x", count: 60))…\"; write a whole number from 1 to 64")
  }
}
