// Draws prompts: ξ, x = U diag(√σ) ξ, and labels y ~ N(0, |K|), 16 prompts at a time (docs/science.md §2).
// ξ depends on seed, stream and counters alone, so that all tasks see the same inputs.
import KernelTypes

enum DataKernel {
  /// Vectors of scratch: ξ [n+1][d], K [n+1][n+1], z [n+1], and what the factorisation needs.
  private static func scratchVectors(_ recipe: borrowing DataRecipe) -> Int {
    let N = recipe.context + 1, d = recipe.dimension
    let factorization =
      switch recipe.labels {
      case .linear: d
      case .exponential: LaneCholesky.vectors(N)
      case .relu: N * N + LaneAbsoluteKernel.scratchVectors(N)
      case .program: LaneCholesky.vectors(N) + LaneGram.scratchVectors(recipe)
      case .absoluteProgram: N * N + max(LaneAbsoluteKernel.scratchVectors(N), LaneGram.scratchVectors(recipe))
      case .sparseLinear, .reluNetwork, .decisionTree, .quadratic: LaneFunctions.scratchVectors(recipe)
      }
    return N * d + N + 4 + factorization
  }

  static func scratchFloats(_ recipe: borrowing DataRecipe) -> Int { scratchVectors(recipe) * lanesPerBlock }

  /// Contract: `KernelTable.generate`.
  static func generate(
    _ recipe: borrowing DataRecipe, _ batch: UInt32, _ indices: UnsafePointer<UInt32>, _ count: Int, _ blocks: Int,
    _ buffer: UnsafeMutablePointer<Float>, _ prompts: UnsafeMutablePointer<Float>,
    _ targets: UnsafeMutablePointer<Float>, _ latent: UnsafeMutablePointer<Float>?
  ) {
    let N = recipe.context + 1, d = recipe.dimension, f = d + 1
    let xi = UnsafeMutableRawPointer(buffer).assumingMemoryBound(to: Lanes.self)
    let labels = xi + N * d
    let rest = labels + N + 4
    let z = UnsafeMutableRawPointer(prompts).assumingMemoryBound(to: Lanes.self)
    let target = UnsafeMutableRawPointer(targets).assumingMemoryBound(to: Lanes.self)
    let latentOut = latent.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: Lanes.self) }
    let prompt = UnsafeRawPointer(indices).assumingMemoryBound(to: LaneBits.self)
    for block in 0..<blocks {
      let lanes = prompt[block]
      let tokens = z + block * N * f
      drawInputs(recipe, batch, lanes, xi)
      transform(recipe, xi, tokens)
      drawLabels(recipe, batch, lanes, xi: xi, tokens: tokens, labels, rest)
      for t in 0..<N - 1 { tokens[t * f + d] = labels[t] }
      tokens[(N - 1) * f + d] = .zero
      target[block] = labels[N - 1]
      if recipe.noise > 0 { addNoise(recipe, batch, lanes, tokens, labels) }
      if let latentOut { for i in 0..<N * d { latentOut[block * N * d + i] = xi[i] } }
      let real = count - block * lanesPerBlock
      if real < lanesPerBlock {
        blank(tokens, N * f, keeping: real)
        blank(target + block, 1, keeping: real)
        if let latentOut { blank(latentOut + block * N * d, N * d, keeping: real) }
      }
    }
  }

  @inline(__always)
  private static func drawInputs(
    _ recipe: borrowing DataRecipe, _ batch: UInt32, _ prompt: LaneBits, _ xi: UnsafeMutablePointer<Lanes>
  ) {
    let d = recipe.dimension
    // By pattern: `==` would go through a protocol witness that both builds of the kernels define.
    var isCube = false, isSphere = false
    switch recipe.inputs {
    case .cube: isCube = true
    case .sphere: isSphere = true
    case .gaussian: break
    }
    for t in 0...recipe.context {
      let token = xi + t * d
      var k = 0
      while k < d {
        if isCube {
          LanePhilox.symmetricUniforms(
            seed: recipe.seed, stream: recipe.inputStream, batch: batch, prompt: prompt, token: UInt32(t),
            draw: UInt32(k / 4), count: d - k, token + k)
        } else {
          LanePhilox.normals(
            seed: recipe.seed, stream: recipe.inputStream, batch: batch, prompt: prompt, token: UInt32(t),
            draw: UInt32(k / 4), count: d - k, token + k)
        }
        k += 4
      }
      if isSphere {
        var square = Lanes.zero
        for k in 0..<d { square = fma(token[k], token[k], square) }
        let inverse = broadcast(1) / squareRoot(square)
        for k in 0..<d { token[k] *= inverse }
      }
    }
  }

  /// x = U diag(√σ) ξ
  @inline(__always)
  private static func transform(
    _ recipe: borrowing DataRecipe, _ xi: UnsafePointer<Lanes>, _ tokens: UnsafeMutablePointer<Lanes>
  ) {
    let d = recipe.dimension, f = d + 1
    for t in 0...recipe.context {
      for i in 0..<d {
        let row = recipe.transform + i * d
        var sum = xi[t * d] * broadcast(row[0])
        for k in 1..<max(d, 1) { sum = fma(xi[t * d + k], row[k], sum) }
        tokens[t * f + i] = sum
      }
    }
  }

  @inline(__always)
  private static func drawLabels(
    _ recipe: borrowing DataRecipe, _ batch: UInt32, _ prompt: LaneBits, xi: UnsafePointer<Lanes>,
    tokens: UnsafePointer<Lanes>, _ labels: UnsafeMutablePointer<Lanes>, _ scratch: UnsafeMutablePointer<Lanes>
  ) {
    let N = recipe.context + 1, d = recipe.dimension
    let points = recipe.kernelOnX ? tokens : xi
    let stride = recipe.kernelOnX ? d + 1 : d
    switch recipe.labels {
    case .linear:
      drawNormals(recipe, recipe.labelStream, batch, prompt, d, scratch)
      for t in 0..<N { labels[t] = inner(points + t * stride, scratch, d) }
    case .exponential:
      let scale = broadcast(recipe.kernelScale)
      gram(points, stride, N, d, scratch, LaneCholesky.stride(N)) { exponential($0 * scale) }
      drawNormals(recipe, recipe.labelStream, batch, prompt, N, labels)
      LaneCholesky.multiplyByFactor(scratch, N, labels)
    case .relu:
      gram(points, stride, N, d, scratch, N) { $0.replacing(with: Lanes.zero, where: $0 .< Lanes.zero) }
      drawNormals(recipe, recipe.labelStream, batch, prompt, N, labels)
      LaneAbsoluteKernel.multiplyBySquareRoot(scratch, N, labels, scratch: scratch + N * N)
    case .program:
      let row = LaneCholesky.stride(N)
      LaneGram.fill(recipe, points, stride, scratch, row, scratch: scratch + LaneCholesky.vectors(N))
      for i in 0..<N { scratch[i * row + i] = fma(scratch[i * row + i], recipe.nugget, scratch[i * row + i]) }
      drawNormals(recipe, recipe.labelStream, batch, prompt, N, labels)
      LaneCholesky.multiplyByFactor(scratch, N, labels)
    case .absoluteProgram:
      LaneGram.fill(recipe, points, stride, scratch, N, scratch: scratch + N * N)
      drawNormals(recipe, recipe.labelStream, batch, prompt, N, labels)
      LaneAbsoluteKernel.multiplyBySquareRoot(scratch, N, labels, scratch: scratch + N * N)
    case .sparseLinear: LaneFunctions.sparseLinear(recipe, batch, prompt, points, stride, labels, scratch)
    case .reluNetwork: LaneFunctions.reluNetwork(recipe, batch, prompt, points, stride, labels, scratch)
    case .decisionTree: LaneFunctions.decisionTree(recipe, batch, prompt, points, stride, labels, scratch)
    case .quadratic: LaneFunctions.quadratic(recipe, batch, prompt, points, stride, labels, scratch)
    }
  }

  @inline(__always)
  private static func addNoise(
    _ recipe: borrowing DataRecipe, _ batch: UInt32, _ prompt: LaneBits, _ tokens: UnsafeMutablePointer<Lanes>,
    _ scratch: UnsafeMutablePointer<Lanes>
  ) {
    let d = recipe.dimension, f = d + 1
    var t = 0
    while t < recipe.context {
      LanePhilox.normals(
        seed: recipe.seed, stream: recipe.noiseStream, batch: batch, prompt: prompt, token: UInt32(t / 4), draw: 0,
        scratch)
      for j in 0..<min(4, recipe.context - t) {
        tokens[(t + j) * f + d] = fma(scratch[j], recipe.noise, tokens[(t + j) * f + d])
      }
      t += 4
    }
  }

  /// `count` standard normals into `out`, which has room for whole fours.
  @inline(__always)
  static func drawNormals(
    _ recipe: borrowing DataRecipe, _ stream: UInt32, _ batch: UInt32, _ prompt: LaneBits, _ count: Int,
    _ out: UnsafeMutablePointer<Lanes>
  ) {
    var i = 0
    while i < count {
      LanePhilox.normals(
        seed: recipe.seed, stream: stream, batch: batch, prompt: prompt, token: UInt32(i / 4), draw: 0,
        count: count - i, out + i)
      i += 4
    }
  }

  /// The lower triangle of K_ij = κ(<p_i, p_j>), rows `row` vectors apart.
  @inline(__always)
  private static func gram(
    _ points: UnsafePointer<Lanes>, _ stride: Int, _ N: Int, _ d: Int, _ K: UnsafeMutablePointer<Lanes>,
    _ row: Int, _ kernel: (Lanes) -> Lanes
  ) {
    for i in 0..<N {
      for j in 0...i { K[i * row + j] = kernel(inner(points + i * stride, points + j * stride, d)) }
    }
  }

  @inline(__always)
  static func inner(_ a: UnsafePointer<Lanes>, _ b: UnsafePointer<Lanes>, _ d: Int) -> Lanes {
    var sum = a[0] * b[0]
    for k in 1..<max(d, 1) { sum = fma(a[k], b[k], sum) }
    return sum
  }

  /// Zeroes the lanes from `keeping` on.
  private static func blank(_ vectors: UnsafeMutablePointer<Lanes>, _ count: Int, keeping: Int) {
    let scalars = UnsafeMutableRawPointer(vectors).assumingMemoryBound(to: Float.self)
    for i in 0..<count { for lane in max(keeping, 0)..<lanesPerBlock { scalars[i * lanesPerBlock + lane] = 0 } }
  }
}
