// What a kernel needs to know to draw prompts: distribution, task and the random streams (docs/decisions.md, Streams).

/// Tasks as kernels know them.
package enum LabelCode: UInt8, Sendable {
  /// y_i = <w, ξ_i>, w ~ N(0, I): a draw of the linear kernel without a factorisation.
  case linear
  /// y ~ N(0, |K|), K_ij = max(0, <ξ_i, ξ_j>): by an eigendecomposition, since K is indefinite.
  case relu
  /// y ~ N(0, K), K_ij = exp(s <ξ_i, ξ_j>): by Cholesky.
  case exponential
  /// y ~ N(0, K) for a compiled kernel, by Cholesky of K with `nugget` times its diagonal added; y ~ N(0, |K|) for an
  /// indefinite one.
  case program, absoluteProgram
  /// Functions' values (`FunctionTask`); `DataRecipe.size` is the number of weights that are not 0, of hidden units, and
  /// the tree's depth.
  case sparseLinear, reluNetwork, decisionTree, quadratic
}

/// One input of a compiled kernel: a number of the pair (u, v), of some of their coordinates or of G u and G v.
package struct KernelInput {
  package enum Quantity: UInt8, Sendable { case dot, normU, normV, squaredDistance }
  package var quantity: Quantity
  /// Coordinates from `first` on, `count` of them; of G u and G v where there is a map.
  package var first: Int
  package var count: Int
  /// G, [count][d].
  package var map: UnsafePointer<Float>?
  package init(quantity: Quantity, first: Int, count: Int, map: UnsafePointer<Float>? = nil) {
    (self.quantity, self.first, self.count, self.map) = (quantity, first, count, map)
  }
}

/// A kernel κ(u, v) as a compiled formula of its inputs.
package struct KernelProgram {
  package var program: VectorProgram
  /// [program.inputs]
  package var inputs: UnsafePointer<KernelInput>
  package init(program: VectorProgram, inputs: UnsafePointer<KernelInput>) {
    (self.program, self.inputs) = (program, inputs)
  }
}

package enum InputCode: UInt8, Sendable { case sphere, gaussian, cube }

/// Streams of random numbers: the second word of a Philox key. The first word is the seed; the counter is
/// (batch, prompt, token, draw).
package enum StreamCode: UInt32, Sendable {
  case rotation = 1
  case initialization = 2
  case trainInputs = 16
  case trainLabels = 17
  case trainNoise = 18
  case trainPool = 19
  case validationInputs = 32
  case validationLabels = 33
  case validationNoise = 34
  case testInputs = 48
  case testLabels = 49
  case testNoise = 50
}

package struct DataRecipe {
  package var dimension: Int
  package var context: Int
  package var inputs: InputCode
  package var labels: LabelCode
  /// s of the exponential kernel.
  package var kernelScale: Float
  /// Of the labels that are programs.
  package var kernel: KernelProgram?
  /// Share of the diagonal that is added to it, so that a Cholesky factor in single precision exists.
  package var nugget: Float = 0
  /// Of the labels that are functions' values.
  package var size = 0
  /// κ on x instead of ξ.
  package var kernelOnX: Bool
  /// Standard deviation of the noise on context labels.
  package var noise: Float
  /// U diag(√σ), [d][d], so that x = transform · ξ.
  package var transform: UnsafePointer<Float>
  package var seed: UInt32
  package var inputStream: UInt32
  package var labelStream: UInt32
  package var noiseStream: UInt32

  package init(
    dimension: Int, context: Int, inputs: InputCode, labels: LabelCode, kernelScale: Float, kernelOnX: Bool,
    noise: Float, transform: UnsafePointer<Float>, seed: UInt32, inputStream: UInt32, labelStream: UInt32,
    noiseStream: UInt32
  ) {
    self.dimension = dimension
    self.context = context
    self.inputs = inputs
    self.labels = labels
    self.kernelScale = kernelScale
    self.kernelOnX = kernelOnX
    self.noise = noise
    self.transform = transform
    self.seed = seed
    self.inputStream = inputStream
    self.labelStream = labelStream
    self.noiseStream = noiseStream
  }
}
