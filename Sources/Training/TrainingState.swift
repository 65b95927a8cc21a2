// Everything a trial needs to go on bit for bit, and its form as a checkpoint file (docs/decisions.md, Checkpoints).
// The network's tensors come first, under the names that docs/design.md fixes.
import Shared

package struct TrainingState {
  let parameters: TrialParameters
  let seed: Seed
  /// Steps taken over all restarts.
  var step = 0
  /// The trained vector and its optimiser in the current restart.
  var packed: [Float]
  var optimizer: OptimizerState
  /// Mean loss of the last batch; NaN before the first step.
  var lastLoss = Double.nan
  /// Evaluations so far of a trial that is to pause, which is judged by them; empty for all others and after the end.
  var curve: [MetricPoint] = []
  /// The best finished restart so far: its vector, its last training loss, its validation loss.
  var best: (packed: [Float], lastLoss: Double, validationLoss: Double)?

  init(_ layout: TrainableLayout, seed: Seed) {
    parameters = layout.parameters
    self.seed = seed
    packed = layout.pack(initialNetwork(layout.parameters, seed: seed, restart: 0))
    optimizer = OptimizerState(count: layout.count)
  }

  /// One optimiser update; `local` counts the steps taken before in this restart.
  mutating func update(gradient: [Float], local: Int) {
    optimizer.update(
      &packed, gradient: gradient, step: local + 1, learningRate: learningRate(parameters, step: local), parameters)
  }

  func checkpoint(_ layout: TrainableLayout) -> WrittenCheckpoint {
    var metadata = [
      "arithmetic_version": "\(arithmeticVersion)", "configuration": parameters.canonicalJSON,
      "seed": "\(seed.rawValue)", "step": "\(step)", "train_loss": Self.text(lastLoss),
    ]
    var tensors = Self.tensors(layout.expand(packed), prefix: "")
    for block in layout.blocks {
      let range = block.offset..<block.offset + block.count
      tensors.append(
        .init(name: "optimizer.m." + block.name, shape: block.shape, values: Array(optimizer.mean[range])))
      tensors.append(
        .init(name: "optimizer.v." + block.name, shape: block.shape, values: Array(optimizer.variance[range])))
    }
    if !curve.isEmpty { metadata["curve"] = Self.text(curve) }
    if let best {
      metadata["best.train_loss"] = Self.text(best.lastLoss)
      metadata["best.validation_loss"] = Self.text(best.validationLoss)
      tensors += Self.tensors(layout.expand(best.packed), prefix: "best.")
    }
    let bytes = Safetensors(metadata: metadata, tensors: tensors).bytes
    return WrittenCheckpoint(digest: BlobDigest(of: bytes), step: step, bytes: bytes)
  }

  /// Goes on from a checkpoint of the same seed and configuration, or of one that the configuration continues; anything
  /// else is refused.
  init(_ layout: TrainableLayout, seed: Seed, checkpoint bytes: [UInt8]) throws(TrainingError) {
    self.init(layout, seed: seed)
    let file = try Safetensors(bytes: bytes)
    func number(_ key: String) throws(TrainingError) -> Double {
      guard let text = file.metadata[key], let bits = UInt64(text, radix: 16) else {
        throw .badCheckpoint(found: "it has no \(key)")
      }
      return Double(bitPattern: bits)
    }
    guard file.metadata["arithmetic_version"] == "\(arithmeticVersion)",
      isOwn(file.metadata["configuration"]), file.metadata["seed"] == "\(seed.rawValue)"
    else { throw .badCheckpoint(found: "it belongs to another configuration, seed or arithmetic version") }
    guard let step = file.metadata["step"].flatMap(Int.init), (0...parameters.steps * parameters.restarts) ~= step
    else { throw .badCheckpoint(found: "it has no step within the trial") }
    self.step = step
    lastLoss = try number("train_loss")
    if let text = file.metadata["curve"] {
      guard let curve = Self.curve(text), curve.allSatisfy({ $0.step <= step }) else {
        throw .badCheckpoint(found: "its learning curve cannot be read")
      }
      self.curve = curve
    }
    packed = layout.pack(try Self.network(file, parameters, prefix: ""))
    for block in layout.blocks {
      guard let m = file.tensor("optimizer.m." + block.name), let v = file.tensor("optimizer.v." + block.name),
        m.shape == block.shape, v.shape == block.shape
      else { throw .badCheckpoint(found: "it has no optimiser state for \(block.name)") }
      optimizer.mean.replaceSubrange(block.offset..<block.offset + block.count, with: m.values)
      optimizer.variance.replaceSubrange(block.offset..<block.offset + block.count, with: v.values)
    }
    if file.metadata["best.validation_loss"] != nil {
      best = (
        layout.pack(try Self.network(file, parameters, prefix: "best.")), try number("best.train_loss"),
        try number("best.validation_loss")
      )
    }
  }

  private func isOwn(_ configuration: String?) -> Bool {
    if configuration == parameters.canonicalJSON { return true }
    guard let shorter = configuration.flatMap({ try? TrialParameters(canonicalJSON: $0) }) else { return false }
    return parameters.continues(shorter)
  }

  private static func text(_ value: Double) -> String {
    hexadecimal((value.isNaN ? Double.nan : value).bitPattern)
  }

  /// Points parted by spaces, each its step and the bits of its three numbers, parted by colons.
  private static func text(_ curve: [MetricPoint]) -> String {
    curve.map { point in
      (["\(point.step)"] + [point.trainLoss, point.validationLoss, point.learningRate].map { text($0) })
        .joined(separator: ":")
    }.joined(separator: " ")
  }

  private static func curve(_ text: String) -> [MetricPoint]? {
    var curve: [MetricPoint] = []
    for part in text.split(separator: " ") {
      let fields = part.split(separator: ":"), bits = fields.dropFirst().compactMap { UInt64($0, radix: 16) }
      guard fields.count == 4, bits.count == 3, let step = Int(fields[0]), step > curve.last?.step ?? 0 else {
        return nil
      }
      let numbers = bits.map { Double(bitPattern: $0) }
      curve.append(
        MetricPoint(step: step, trainLoss: numbers[0], validationLoss: numbers[1], learningRate: numbers[2]))
    }
    return curve
  }

  private static func tensors(_ network: Network, prefix: String) -> [Safetensors.Tensor] {
    let d = network.dimension, square = d * d
    var tensors: [Safetensors.Tensor] = []
    for layer in 0..<network.layers {
      for head in network.heads.activations.indices {
        let index = network.index(layer: layer, head: head)
        let name = "\(prefix)layers.\(layer).heads.\(head)."
        let range = index * square..<(index + 1) * square
        tensors.append(.init(name: name + "A", shape: [d, d], values: Array(network.A[range])))
        tensors.append(.init(name: name + "r", shape: [1], values: [network.r[index]]))
        tensors.append(.init(name: name + "B", shape: [d, d], values: Array(network.B[range])))
        tensors.append(.init(name: name + "C", shape: [d, d], values: Array(network.C[range])))
      }
    }
    return tensors
  }

  /// The network of a checkpoint, with the shape and scales of `parameters`.
  package static func network(
    _ file: Safetensors, _ parameters: TrialParameters, prefix: String = ""
  ) throws(TrainingError) -> Network {
    var network = Network(parameters)
    let d = parameters.dimension, square = d * d
    for layer in 0..<parameters.layers {
      for head in parameters.heads.activations.indices {
        let index = network.index(layer: layer, head: head)
        let range = index * square..<(index + 1) * square
        func values(_ letter: String, _ shape: [Int]) throws(TrainingError) -> [Float] {
          let name = "\(prefix)layers.\(layer).heads.\(head).\(letter)"
          guard let tensor = file.tensor(name), tensor.shape == shape else {
            throw .badCheckpoint(found: "it has no tensor \(name) of shape \(shape)")
          }
          return tensor.values
        }
        network.A.replaceSubrange(range, with: try values("A", [d, d]))
        network.B.replaceSubrange(range, with: try values("B", [d, d]))
        network.C.replaceSubrange(range, with: try values("C", [d, d]))
        network.r[index] = try values("r", [1])[0]
      }
    }
    return network
  }
}
