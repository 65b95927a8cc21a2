// The map from normal draws to labels, entry by entry against double precision: its square is |K|, also where K is nearly
// singular, of low rank or large. Labels are linear in the draws, so the map is found from enough streams of them.
import Foundation
import KernelTypes
import Kernels
import Testing
import Training

struct MapCase: Sendable, CustomTestStringConvertible {
  var labels = LabelCode.relu
  var inputs = InputCode.sphere
  var dimension = 5
  var context: Int
  /// x = stretch · ξ with the kernel on x: unequal stretches make points nearly collinear and K nearly singular.
  var stretch: [Float] = []
  var prompts = 16
  var testDescription: String { "\(labels), \(inputs), d \(dimension), n \(context), stretch \(stretch)" }
}

@Suite struct LabelMapTests {
  static let cases: [MapCase] = [
    MapCase(context: 0), MapCase(context: 1), MapCase(context: 2), MapCase(context: 14), MapCase(context: 15),
    MapCase(context: 63, prompts: 3), MapCase(context: 199, prompts: 1),
    // Repeated points (±1): rank two at most; then rank about d, and many nearly equal directions.
    MapCase(dimension: 1, context: 14), MapCase(dimension: 1, context: 63, prompts: 3),
    MapCase(dimension: 2, context: 40), MapCase(inputs: .gaussian, dimension: 2, context: 14),
    MapCase(inputs: .gaussian, context: 14), MapCase(dimension: 3, context: 14, stretch: [1, 1e-2, 1e-3]),
    MapCase(dimension: 3, context: 14, stretch: [1, 1e-6, 0]),
    MapCase(dimension: 2, context: 14, stretch: [100, 300]), MapCase(dimension: 20, context: 30, prompts: 4),
    MapCase(labels: .exponential, context: 0), MapCase(labels: .exponential, context: 1),
    MapCase(labels: .exponential, context: 14), MapCase(labels: .exponential, context: 16),
    MapCase(labels: .exponential, context: 99, prompts: 2), MapCase(labels: .exponential, dimension: 1, context: 14),
  ]

  /// Largest error of an entry, relative to the largest eigenvalue: for |K| 6e-7 of a row sum of the tridiagonal form, by
  /// the approximation of |x|, and rounding (9e-7 together at most when written); for Cholesky rounding alone.
  @Test(arguments: cases)
  func `labels are a square root of |K| applied to the draws`(setting: MapCase) throws {
    let sample = try LabelMap(setting)
    let N = setting.context + 1
    for lane in 0..<setting.prompts {
      let K = sample.kernel(lane)
      let (values, Q) = symmetricEigen(K, N)
      let norm = values.map(abs).max() ?? 0
      let map = sample.map(lane)
      var worst = 0.0
      for i in 0..<N {
        for j in 0...i {
          let expected = (0..<N).reduce(0.0) { $0 + Q[i * N + $1] * abs(values[$1]) * Q[j * N + $1] }
          let found = (0..<N).reduce(0.0) { $0 + map[i * N + $1] * map[j * N + $1] }
          worst = max(worst, abs(found - expected))
        }
      }
      #expect(worst < norm * (setting.labels == .relu ? 1.2e-6 : 2.5e-7), "lane \(lane): \(worst / norm) of the norm")
    }
  }
}

/// Labels of the same inputs for many streams of normal draws, and the draws.
private struct LabelMap {
  private let setting: MapCase
  private let points: [[[Double]]]
  /// [stream][lane][token]
  private var labels: [[[Double]]] = []
  private var normals: [[[Double]]] = []

  init(_ setting: MapCase) throws {
    self.setting = setting
    let kernels = try #require(InstructionSet.best?.kernels)
    let n = setting.context, N = n + 1, d = setting.dimension
    let transform = AlignedFloats(count: d * d)
    for k in 0..<d { transform.pointer[k * (d + 1)] = setting.stretch.isEmpty ? 1 : setting.stretch[k] }
    var recipe = DataRecipe(
      dimension: d, context: n, inputs: setting.inputs, labels: setting.labels, kernelScale: 0.5,
      kernelOnX: !setting.stretch.isEmpty, noise: 0, transform: UnsafePointer(transform.pointer), seed: 5,
      inputStream: 1, labelStream: 0, noiseStream: 2)
    let prompts = AlignedFloats(count: N * (d + 1) * lanesPerBlock), targets = AlignedFloats(count: lanesPerBlock)
    let latent = AlignedFloats(count: N * d * lanesPerBlock)
    let scratch = AlignedFloats(count: kernels.dataScratch(recipe))
    let numbers = AlignedFloats(count: lanesPerBlock)
    for i in 0..<lanesPerBlock { numbers.pointer[i] = Float(bitPattern: UInt32(i)) }
    let indices = UnsafeRawPointer(numbers.pointer).assumingMemoryBound(to: UInt32.self)
    // The normal draws of a stream of labels are those of Gaussian inputs of dimension 4 from that stream.
    let fours = (N + 3) / 4
    let identity = AlignedFloats(count: 16)
    for k in 0..<4 { identity.pointer[k * 5] = 1 }
    var plain = DataRecipe(
      dimension: 4, context: fours - 1, inputs: .gaussian, labels: .linear, kernelScale: 1, kernelOnX: false, noise: 0,
      transform: UnsafePointer(identity.pointer), seed: 5, inputStream: 0, labelStream: 3, noiseStream: 2)
    let plainScratch = AlignedFloats(count: kernels.dataScratch(plain))
    let plainPrompts = AlignedFloats(count: fours * 5 * lanesPerBlock), draws = AlignedFloats(count: fours * 4 * 16)
    for stream in 0..<2 * N + 24 {
      recipe.labelStream = 100 + UInt32(stream)
      plain.inputStream = recipe.labelStream
      kernels.generate(
        recipe, 0, indices, 16, 1, scratch.pointer, prompts.pointer, targets.pointer, latent.pointer)
      labels.append(
        (0..<setting.prompts).map { lane in
          (0..<n).map { Double(prompts.pointer[($0 * (d + 1) + d) * lanesPerBlock + lane]) }
            + [Double(targets.pointer[lane])]
        })
      kernels.generate(
        plain, 0, indices, 16, 1, plainScratch.pointer, plainPrompts.pointer, targets.pointer, draws.pointer)
      normals.append(
        (0..<setting.prompts).map { lane in (0..<N).map { Double(draws.pointer[$0 * lanesPerBlock + lane]) } })
    }
    points = (0..<setting.prompts).map { lane in
      (0..<N).map { t in
        (0..<d).map { k in
          let x = prompts.pointer[(t * (d + 1) + k) * lanesPerBlock + lane]
          return Double(recipe.kernelOnX ? x : latent.pointer[(t * d + k) * lanesPerBlock + lane])
        }
      }
    }
    withExtendedLifetime((transform, identity)) {}
  }

  /// K of the points, [N][N].
  func kernel(_ lane: Int) -> [Double] {
    points[lane].flatMap { a in
      points[lane].map { b in setting.labels == .relu ? max(0, dot(a, b)) : exp(0.5 * dot(a, b)) }
    }
  }

  /// M of y = M z by least squares over the streams, [N][N]: M = (Σ y zᵀ)(Σ z zᵀ)⁻¹.
  func map(_ lane: Int) -> [Double] {
    let N = setting.context + 1
    // Rows of [Z Zᵀ | Z Yᵀ], reduced by Gauss and Jordan; the matrix is positive definite, so pivots need no search.
    var rows = [[Double]](repeating: [Double](repeating: 0, count: 2 * N), count: N)
    for (y, z) in zip(labels, normals) {
      for i in 0..<N {
        for j in 0..<N {
          rows[i][j] += z[lane][i] * z[lane][j]
          rows[i][N + j] += z[lane][i] * y[lane][j]
        }
      }
    }
    for k in 0..<N {
      let pivot = rows[k].map { $0 / rows[k][k] }
      rows[k] = pivot
      for i in 0..<N where i != k {
        let factor = rows[i][k]
        for j in k..<2 * N { rows[i][j] -= factor * pivot[j] }
      }
    }
    return (0..<N * N).map { rows[$0 % N][N + $0 / N] }
  }
}
