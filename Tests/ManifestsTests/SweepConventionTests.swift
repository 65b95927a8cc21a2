// Sweep configurations in W&B's convention, with our parameters' names: accepted or refused as its schema would
// (wandb/sweeps, src/sweeps/config/schema.json).
import Manifests
import Shared
import Testing

@Suite struct SweepConventionTests {
  private static let cell = "  task: {value: relu}\n  activation: {value: exp}\n"

  @Test(arguments: [
    // A grid over lists, with the keys that start a program.
    """
    program: train.py
    project: icl
    entity: lab
    method: grid
    name: grid
    command: [python, "${program}", "${args}"]
    metric: {name: validation_loss, goal: minimize}
    parameters:
      task: {values: [relu, exp]}
      activation: {values: [exp, softmax]}
      learning_rate: {values: [0.01, 0.02]}
      layers: {value: 2}
    """,
    // Random, every form without a distribution.
    """
    program: train.py
    method: random
    run_cap: 10
    metric:
      name: train_loss
      goal: minimize
    parameters:
      task:
        value: relu
      activation:
        values: [exp]
      optimizer:
        values: ["adam", "sgd"]
      layers:
        min: 1
        max: 4
      learning_rate:
        min: 0.001
        max: 0.1
      batch:
        values: [128, 256]
        probabilities: [0.3, 0.7]
    """,
    // Bayes with hyperband, from its documentation's example.
    """
    method: bayes
    run_cap: 20
    metric: {goal: minimize, name: validation_loss}
    early_terminate: {type: hyperband, min_iter: 3}
    parameters:
    CELL  batch: {distribution: q_log_uniform_values, q: 8, min: 32, max: 256}
      learning_rate: {distribution: uniform, min: 0.0001, max: 0.1}
    """,
    // The other way to write hyperband.
    """
    method: random
    run_cap: 4
    early_terminate: {type: hyperband, max_iter: 27, s: 2, eta: 3, strict: true}
    metric: {name: validation_loss, goal: minimize, target: 0.1, impute: worst}
    parameters:
    CELL  evaluate_every: {value: 20}
      learning_rate: {distribution: log_uniform_values, min: 0.001, max: 0.1}
    """,
    // Every distribution of a real number.
    """
    method: random
    run_cap: 3
    parameters:
    CELL  learning_rate: {distribution: log_normal, mu: -4, sigma: 0.5}
      epsilon: {distribution: inv_log_uniform_values, min: 1e-9, max: 1e-7}
      beta1: {distribution: beta, a: 5, b: 1}
      beta2: {distribution: constant, value: 0.99}
      init_scale: {distribution: q_beta, a: 2, b: 2, q: 0.05}
      weight_decay: {distribution: q_uniform, min: 0.0, max: 0.5, q: 0.1}
      clip_norm: {distribution: normal, mu: 2, sigma: 0.1}
    """,
    // Every distribution of a whole number.
    """
    method: random
    run_cap: 3
    parameters:
    CELL  layers: {distribution: int_uniform, min: 2, max: 5}
      steps: {distribution: q_uniform, min: 100, max: 400, q: 100}
      restarts: {distribution: q_normal, mu: 5, sigma: 0.4}
      warmup_steps: {distribution: q_log_normal, mu: 2, sigma: 0.1}
      batch: {distribution: categorical, values: [64, 128]}
      optimizer: {distribution: categorical_w_probabilities, values: [adam, sgd], probabilities: [0.5, 0.5]}
    """,
    // Nested parameters: a group of ours.
    """
    method: random
    run_cap: 4
    parameters:
    CELL  optimizer_settings:
        parameters:
          learning_rate: {values: [0.01, 0.1]}
          inner:
            parameters:
              beta1: {min: 0.5, max: 0.9}
    """,
    // A sweep as the interface exports it.
    """
    apiVersion: v1
    kind: sweep
    controller: {type: local}
    description: exported
    method: grid
    parameters:
    CELL  learning_rate: {distribution: q_uniform, min: 0.01, max: 0.03, q: 0.01}
    """,
  ])
  func `what the schema accepts is accepted`(text: String) throws {
    let text = text.replacing("CELL", with: Self.cell)
    #expect(refusal(of: text) == nil)
  }

  @Test(arguments: [
    ("learning_rate: {values: []}", "learning_rate.values is an empty list"),
    ("learning_rate: {min: 0.1}", "learning_rate has no max"),
    ("learning_rate: {value: 0.1, values: [0.2]}", "learning_rate has the key \"values\""),
    ("learning_rate: {min: 0.1, max: 0.2, q: 0.1}", "learning_rate has the key \"q\""),
    ("learning_rate: {distribution: uniform, min: 0.1, max: 0.2, mu: 1}", "learning_rate has the key \"mu\""),
    ("learning_rate: {distribution: gaussian, mu: 1}", "learning_rate.distribution is \"gaussian\""),
    ("learning_rate: {distribution: log_uniform_values, min: 0.0, max: 0.2}", "learning_rate.min is \"0.0\""),
    ("learning_rate: {distribution: q_uniform, min: 0.1, max: 0.2, q: 0}", "learning_rate.q is \"0\""),
    ("learning_rate: {distribution: normal, mu: one}", "learning_rate.mu is \"one\""),
    ("learning_rate: {distribution: normal, sigma: -1}", "learning_rate.sigma is \"-1\""),
    (
      "learning_rate: {distribution: categorical, values: [0.1, 0.2], probabilities: [0.5, 0.5]}",
      "learning_rate has the key \"probabilities\""
    ),
    (
      "learning_rate: {distribution: categorical_w_probabilities, values: [0.1, 0.2]}",
      "learning_rate has no probabilities"
    ),
    ("learning_rate: {values: [0.1, 0.2], probabilities: [0.5, -0.5]}", "learning_rate.probabilities is \"-0.5\""),
    ("layers: {distribution: int_uniform, min: 1.5, max: 3}", "layers.min is \"1.5\""),
    ("learning_rate: 0.1", "learning_rate is \"0.1\""),
    ("group: {parameters: {layers: {value: 2}}, value: 3}", "group has \"value\" beside its parameters"),
    ("layers: {value: 2}\n  group: {parameters: {layers: {value: 2}}}", "layers is given in two groups"),
  ])
  func `what the schema refuses is refused`(line: String, finding: String) {
    let text = "method: random\nrun_cap: 4\nparameters:\n\(Self.cell)  \(line)\n"
    #expect(refusal(of: text)?.contains(": \(finding)") == true, "\(refusal(of: text) ?? "accepted")")
  }

  @Test(arguments: [
    ("metric: {goal: minimize}", "metric has no name"),
    ("metric: {name: validation_loss, goal: up}", "metric.goal is \"up\""),
    ("run_cap: 0", "run_cap is \"0\""), ("early_terminate: {type: envelope}", "early_terminate.type is \"envelope\""),
    ("early_terminate: {type: hyperband, min_iter: 1, bands: [1]}", "early_terminate has the unknown key \"bands\""),
    ("metrics: []", "\"metrics\" is not a key"),
  ])
  func `so are keys at the top`(line: String, finding: String) {
    let text = "method: grid\nparameters:\n\(Self.cell)  learning_rate: {values: [0.1, 0.2]}\n\(line)\n"
    #expect(refusal(of: text)?.contains(": \(finding)") == true, "\(refusal(of: text) ?? "accepted")")
  }
}
