// Prompts drawn by the kernels, read back by token and feature.
import KernelTypes
import Kernels
import Testing

/// What decides a draw, apart from which prompts are drawn.
struct DrawSetting: Sendable, CustomTestStringConvertible {
  var labels = LabelCode.linear
  var inputs = InputCode.sphere
  var dimension = 5
  var context = 14
  var noise: Float = 0
  var kernelOnX = false
  var kernelScale: Float = 0.5
  var seed: UInt32 = 7
  var testDescription: String {
    "\(labels), \(inputs), d \(dimension), n \(context), noise \(noise)\(kernelOnX ? ", kernel on x" : "")"
  }
}

struct Draw {
  /// Blocks of [n+1][d+1], of [1] and of [n+1][d] vectors.
  var prompts: [Float]
  var targets: [Float]
  var latent: [Float]
  let setting: DrawSetting

  /// Draws the prompts with the given indices.
  init(
    _ setting: DrawSetting, _ kernels: KernelTable, batch: UInt32 = 3, indices: [UInt32], transform: [Float]? = nil
  ) {
    self.setting = setting
    let d = setting.dimension, n = setting.context
    let blocks = (indices.count + lanesPerBlock - 1) / lanesPerBlock
    let matrix = KernelBuffer<Float>(count: d * d)
    for i in 0..<d * d { matrix.pointer[i] = transform?[i] ?? (i % (d + 1) == 0 ? 1 : 0) }
    let recipe = DataRecipe(
      dimension: d, context: n, inputs: setting.inputs, labels: setting.labels, kernelScale: setting.kernelScale,
      kernelOnX: setting.kernelOnX, noise: setting.noise, transform: matrix.pointer, seed: setting.seed,
      inputStream: StreamCode.trainInputs.rawValue, labelStream: StreamCode.trainLabels.rawValue,
      noiseStream: StreamCode.trainNoise.rawValue)
    let numbers = KernelBuffer<UInt32>(count: blocks * lanesPerBlock, filledWith: 0xDEAD_BEEF)
    for (i, index) in indices.enumerated() { numbers.pointer[i] = index }
    let scratch = KernelBuffer<Float>(count: kernels.dataScratch(recipe), filledWith: .nan)
    let prompts = KernelBuffer<Float>(count: blocks * (n + 1) * (d + 1) * lanesPerBlock, filledWith: .nan)
    let targets = KernelBuffer<Float>(count: blocks * lanesPerBlock, filledWith: .nan)
    let latent = KernelBuffer<Float>(count: blocks * (n + 1) * d * lanesPerBlock, filledWith: .nan)
    kernels.generate(
      recipe, batch, numbers.pointer, indices.count, blocks, scratch.pointer, prompts.pointer, targets.pointer,
      latent.pointer)
    withExtendedLifetime(matrix) {}
    (self.prompts, self.targets, self.latent) = (prompts.values, targets.values, latent.values)
  }

  init(_ setting: DrawSetting, _ kernels: KernelTable, count: Int) {
    self.init(setting, kernels, indices: (0..<UInt32(count)).map { $0 })
  }

  var bits: [UInt32] { (prompts + targets + latent).map(\.bitPattern) }

  private func at(_ buffer: [Float], _ width: Int, _ prompt: Int, _ number: Int) -> Float {
    buffer[(prompt / lanesPerBlock * width + number) * lanesPerBlock + prompt % lanesPerBlock]
  }
  func x(_ prompt: Int, _ token: Int, _ k: Int) -> Float {
    let features = setting.dimension + 1
    return at(prompts, (setting.context + 1) * features, prompt, token * features + k)
  }
  func y(_ prompt: Int, _ token: Int) -> Float { x(prompt, token, setting.dimension) }
  func xi(_ prompt: Int, _ token: Int, _ k: Int) -> Float {
    at(latent, (setting.context + 1) * setting.dimension, prompt, token * setting.dimension + k)
  }
  /// The labels of all tokens, the query's last.
  func labels(_ prompt: Int) -> [Double] {
    (0..<setting.context).map { Double(y(prompt, $0)) } + [Double(targets[prompt])]
  }
}
