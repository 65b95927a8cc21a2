// Reference cases: prompts, parameters, and what the authors' functions made of them in double precision, as JSON.
// The format is that of Tests/TrainingTests/Golden/README.md; files come from outside and are checked whole.
import Foundation
import Shared

package struct ReferenceCase: Sendable {
  package struct Parameters: Decodable, Sendable {
    /// [L][H][d][d], [L][H], [L][H][d][d], [L][H][d][d]
    package var A: [Double]
    package var r: [Double]
    package var B: [Double]
    package var C: [Double]
  }

  package struct Optimiser: Decodable, Sendable {
    package struct Clip: Decodable, Sendable {
      package var scale: Double
      package var base: Int
    }
    package var algorithm: String
    package var learningRate: Double
    package var beta1: Double
    package var beta2: Double
    package var epsilon: Double
    package var weightDecay: Double
    package var layerClip: Clip?
    package var steps: Int
    package var losses: [Double]
    package var parameters: Parameters
  }

  fileprivate struct Contents: Decodable {
    var name: String?
    var activations: [String]?
    var dataKernel: String?
    var batch: Int
    var context: Int
    var dimension: Int
    var layers: Int?
    var heads: Int?
    var ridge: Double?
    var attentionScale: String?
    var X: [Double]
    var y: [Double]
    var target: [Double]
    var parameters: Parameters?
    var prediction: [Double]
    var loss: Double
    var gradient: Parameters?
    var optimiser: Optimiser?
  }

  package var name: String
  package var batch: Int
  package var context: Int
  package var dimension: Int
  /// [batch][n+1][d], the query last
  package var X: [Double]
  /// [batch][n]
  package var y: [Double]
  /// [batch]
  package var target: [Double]
  package var prediction: [Double]
  package var loss: Double
  package var subject: Subject

  package enum Subject: Sendable {
    case network(TrialParameters, Parameters, gradient: Parameters, Optimiser?)
    case bayes(TaskKernel, ridge: Double)
  }

  /// Reads a case of at most 64 MiB.
  package init(path: String) throws(ReferenceCaseError) {
    func refuse(_ found: String) -> ReferenceCaseError { ReferenceCaseError(path: path, found: found) }
    guard let handle = FileHandle(forReadingAtPath: path) else { throw refuse("the file cannot be opened") }
    let limit = 64 << 20
    let data: Data
    do {
      data = try handle.read(upToCount: limit + 1) ?? Data()
    } catch { throw refuse("the file cannot be read") }
    guard data.count <= limit else { throw refuse("the file is larger than 64 MiB") }
    let contents: Contents
    do {
      contents = try JSONDecoder().decode(Contents.self, from: data)
    } catch DecodingError.keyNotFound(let key, _) {
      throw refuse("it has no `\(key.stringValue)`")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
      throw refuse("`\(context.codingPath.map(\.stringValue).joined(separator: "."))` has the wrong type")
    } catch { throw refuse("it is not JSON") }
    try self.init(contents, path: path)
  }

  private init(_ contents: Contents, path: String) throws(ReferenceCaseError) {
    func check(_ holds: Bool, _ found: @autoclosure () -> String) throws(ReferenceCaseError) {
      if !holds { throw ReferenceCaseError(path: path, found: found()) }
    }
    name = contents.name ?? path.split(separator: "/").last.map(String.init) ?? path
    (batch, context, dimension) = (contents.batch, contents.context, contents.dimension)
    try check((1...1_000_000).contains(batch), "batch is \(batch)")
    try check((1...1024).contains(context), "context is \(context)")
    try check((1...128).contains(dimension), "dimension is \(dimension)")
    (X, y, target) = (contents.X, contents.y, contents.target)
    (prediction, loss) = (contents.prediction, contents.loss)
    let (n, d) = (context, dimension)
    try check(X.count == batch * (n + 1) * d, "X has \(X.count) numbers, \(batch * (n + 1) * d) expected")
    try check(y.count == batch * n, "y has \(y.count) numbers, \(batch * n) expected")
    try check(target.count == batch, "target has \(target.count) numbers, \(batch) expected")
    try check(prediction.count == batch, "prediction has \(prediction.count) numbers, \(batch) expected")
    guard let parameters = contents.parameters else {
      let kernel = contents.dataKernel.flatMap { try? TaskKernel($0) }
      try check(kernel != nil, "dataKernel is \(contents.dataKernel ?? "missing")")
      subject = .bayes(kernel ?? .linear, ridge: contents.ridge ?? 0)
      return
    }
    var trial = TrialParameters()
    (trial.context, trial.dimension) = (n, d)
    let names = contents.activations ?? []
    let activations = names.compactMap { try? Activation($0) }
    try check(activations.count == names.count && (1...16).contains(names.count), "activations are \(names)")
    try check(contents.heads == nil || contents.heads == names.count, "heads and activations differ in number")
    trial.heads = Heads(activations)
    trial.layers = contents.layers ?? 0
    try check((1...64).contains(trial.layers), "layers is \(trial.layers)")
    let scale = AttentionScale(rawValue: contents.attentionScale ?? "1/n")
    try check(scale != nil, "attentionScale is \(contents.attentionScale ?? "")")
    trial.attentionScale = scale ?? .oneOverN
    let count = trial.layers * names.count
    // A small file may name a large network: what the kernels keep between forward and backward pass, 64 bytes each.
    let states = count * (n + 1) * (n + 2 * d + 3) * 64
    try check(states <= 4 << 30, "its states need \(states >> 20) MiB, more than 4096 MiB are not attempted")
    for (label, set) in [
      ("parameters", contents.parameters), ("gradient", contents.gradient),
      ("optimiser.parameters", contents.optimiser?.parameters),
    ] {
      guard let set else { continue }
      let sizes = [set.A.count, set.B.count, set.C.count]
      try check(
        sizes.allSatisfy { $0 == count * d * d } && set.r.count == count,
        "\(label) have \(sizes) and \(set.r.count) numbers, \(count * d * d) and \(count) expected")
    }
    try check(contents.gradient != nil, "it has parameters but no gradient")
    if let optimiser = contents.optimiser {
      let algorithm = Optimizer(rawValue: optimiser.algorithm)
      try check(algorithm != nil, "optimiser.algorithm is \(optimiser.algorithm)")
      try check(
        (1...100_000).contains(optimiser.steps) && optimiser.losses.count == optimiser.steps,
        "optimiser has \(optimiser.losses.count) losses for \(optimiser.steps) steps")
      trial.optimizer = algorithm ?? .adam
      (trial.learningRate, trial.beta1, trial.beta2) = (optimiser.learningRate, optimiser.beta1, optimiser.beta2)
      (trial.epsilon, trial.weightDecay) = (optimiser.epsilon, optimiser.weightDecay)
      (trial.schedule, trial.warmupSteps, trial.clipNorm) = (.constant, 0, nil)
      trial.layerClip = optimiser.layerClip.map {
        LayerClip(scale: $0.scale, base: $0.base, switchStep: .max, scaleAfter: $0.scale)
      }
      try check(trial.layers <= trial.layerClip?.base ?? .max, "layerClip.base is below the number of layers")
    }
    subject = .network(trial, parameters, gradient: contents.gradient ?? parameters, contents.optimiser)
  }
}

package struct ReferenceCaseError: Error, Equatable, Sendable, CustomStringConvertible {
  package let path: String
  package let found: String
  package var description: String {
    "\(path): \(found); a reference case of the format in Tests/TrainingTests/Golden/README.md is expected"
  }
}
