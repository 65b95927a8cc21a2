// Labels that are a random function's values, 16 prompts at once: one function per prompt, drawn from the label stream.
// Source of the function classes: Garg, Tsipras, Liang & Valiant 2022, arXiv 2208.01066.
import KernelTypes

enum LaneFunctions {
  /// Vectors of scratch of every function here; draws come in fours.
  static func scratchVectors(_ recipe: borrowing DataRecipe) -> Int {
    let d = recipe.dimension, size = recipe.size
    return switch recipe.labels {
    case .sparseLinear: 2 * d + 8
    case .quadratic: d + 4
    case .reluNetwork: size * (d + 1) + 4
    // Leaves, the values on the way up, which coordinate each inner node asks for, and uniform draws.
    case .decisionTree: (2 << size) + (1 << size) * (d + 1) + 12
    case .linear, .relu, .exponential, .program, .absoluteProgram: 0
    }
  }

  /// <w, p>, w normal in the `size` coordinates with the largest of d uniform draws.
  @inline(never)
  static func sparseLinear(
    _ recipe: borrowing DataRecipe, _ batch: UInt32, _ prompt: LaneBits, _ points: UnsafePointer<Lanes>,
    _ stride: Int, _ labels: UnsafeMutablePointer<Lanes>, _ scratch: UnsafeMutablePointer<Lanes>
  ) {
    let d = recipe.dimension, uniform = scratch, weights = scratch + d + 4
    drawUniforms(recipe, batch, prompt, d, uniform)
    DataKernel.drawNormals(recipe, recipe.labelStream, batch, prompt, d, weights)
    let kept = broadcast(Float(recipe.size) - 0.5)
    for i in 0..<d {
      var larger = Lanes.zero
      for j in 0..<d { larger += select(greater(uniform[j], uniform[i]), broadcast(1), .zero) }
      weights[i] = select(greater(kept, larger), weights[i], .zero)
    }
    for t in 0...recipe.context { labels[t] = DataKernel.inner(points + t * stride, weights, d) }
  }

  /// √(2/m) Σ_j a_j max(0, <w_j, p>)
  @inline(never)
  static func reluNetwork(
    _ recipe: borrowing DataRecipe, _ batch: UInt32, _ prompt: LaneBits, _ points: UnsafePointer<Lanes>,
    _ stride: Int, _ labels: UnsafeMutablePointer<Lanes>, _ scratch: UnsafeMutablePointer<Lanes>
  ) {
    let d = recipe.dimension, hidden = recipe.size, perUnit = d + 1
    DataKernel.drawNormals(recipe, recipe.labelStream, batch, prompt, hidden * perUnit, scratch)
    let scale = squareRoot(broadcast(2 / Float(hidden)))
    for t in 0...recipe.context {
      var sum = Lanes.zero
      for j in 0..<hidden {
        let unit = scratch + j * perUnit
        let score = DataKernel.inner(points + t * stride, unit, d)
        sum = fma(unit[d], select(greater(score, .zero), score, .zero), sum)
      }
      labels[t] = sum * scale
    }
  }

  /// Σ_k w_k p_k² / √3
  @inline(never)
  static func quadratic(
    _ recipe: borrowing DataRecipe, _ batch: UInt32, _ prompt: LaneBits, _ points: UnsafePointer<Lanes>,
    _ stride: Int, _ labels: UnsafeMutablePointer<Lanes>, _ scratch: UnsafeMutablePointer<Lanes>
  ) {
    let d = recipe.dimension
    DataKernel.drawNormals(recipe, recipe.labelStream, batch, prompt, d, scratch)
    for t in 0...recipe.context {
      let point = points + t * stride
      var sum = Lanes.zero
      for k in 0..<d { sum = fma(scratch[k], point[k] * point[k], sum) }
      labels[t] = sum * broadcast(0.577350269)
    }
  }

  /// A full tree of depth `size`: inner node i has the children 2i + 1 and 2i + 2, to the second where its coordinate is
  /// above 0.
  @inline(never)
  static func decisionTree(
    _ recipe: borrowing DataRecipe, _ batch: UInt32, _ prompt: LaneBits, _ points: UnsafePointer<Lanes>,
    _ stride: Int, _ labels: UnsafeMutablePointer<Lanes>, _ scratch: UnsafeMutablePointer<Lanes>
  ) {
    let d = recipe.dimension, leaves = 1 << recipe.size, inner = leaves - 1
    let leaf = scratch, value = leaf + leaves + 4, uniform = value + leaves, chosen = uniform + leaves + 4
    DataKernel.drawNormals(recipe, recipe.labelStream, batch, prompt, leaves, leaf)
    drawUniforms(recipe, batch, prompt, inner, uniform)
    // Which coordinate, as d numbers of which one is 1: lanes ask for different ones.
    for node in 0..<inner {
      let place = fma(uniform[node], broadcast(Float(d) / 2), broadcast(Float(d) / 2))
      for k in 0..<d {
        let above = greater(place, broadcast(Float(k + 1)))
        let within = select(greater(place, broadcast(Float(k))), broadcast(1), .zero)
        chosen[node * d + k] = k + 1 < d ? select(above, .zero, within) : within
      }
    }
    for t in 0...recipe.context {
      for i in 0..<leaves { value[i] = leaf[i] }
      var level = leaves / 2
      while level > 0 {
        for i in 0..<level {
          let coordinate = DataKernel.inner(points + t * stride, chosen + (level - 1 + i) * d, d)
          value[i] = select(greater(coordinate, .zero), value[2 * i + 1], value[2 * i])
        }
        level /= 2
      }
      labels[t] = value[0]
    }
  }

  /// `count` numbers in (−1, 1) into `out`, which has room for whole fours.
  @inline(__always)
  private static func drawUniforms(
    _ recipe: borrowing DataRecipe, _ batch: UInt32, _ prompt: LaneBits, _ count: Int,
    _ out: UnsafeMutablePointer<Lanes>
  ) {
    var i = 0
    while i < count {
      LanePhilox.symmetricUniforms(
        seed: recipe.seed, stream: recipe.labelStream, batch: batch, prompt: prompt, token: UInt32(i / 4), draw: 1,
        count: count - i, out + i)
      i += 4
    }
  }
}
