// Kernel matrices of 16 prompts at once for kernels that are compiled formulas, a row of pairs per run of the program.
import KernelTypes

enum LaneGram {
  /// Vectors of scratch for `fill`: a row of each input, the points after each map, norms, and the program's registers.
  static func scratchVectors(_ recipe: borrowing DataRecipe) -> Int {
    guard let kernel = recipe.kernel else { return 0 }
    let N = recipe.context + 1
    var mapped = 0
    for k in 0..<kernel.program.inputs where kernel.inputs[k].map != nil { mapped += N * kernel.inputs[k].count }
    return kernel.program.inputs * N + mapped + kernel.program.scratchVectors
  }

  /// The lower triangle of K_ij = κ(p_i, p_j), rows `row` vectors apart.
  /// - points: [n+1], `stride` vectors apart.
  @inline(never)
  static func fill(
    _ recipe: borrowing DataRecipe, _ points: UnsafePointer<Lanes>, _ stride: Int, _ K: UnsafeMutablePointer<Lanes>,
    _ row: Int, scratch: UnsafeMutablePointer<Lanes>
  ) {
    guard let kernel = recipe.kernel else { return }
    let N = recipe.context + 1, d = recipe.dimension, inputs = scratch
    let mapped = inputs + kernel.program.inputs * N
    var registers = mapped
    for k in 0..<kernel.program.inputs {
      guard let map = kernel.inputs[k].map else { continue }
      let count = kernel.inputs[k].count
      for t in 0..<N { apply(map, points + t * stride, registers + t * count, count, d) }
      registers += N * count
    }
    for i in 0..<N {
      var place = mapped
      for k in 0..<kernel.program.inputs {
        let input = kernel.inputs[k]
        var start = points + input.first, distance = stride
        if input.map != nil {
          (start, distance) = (UnsafePointer(place), input.count)
          place += N * input.count
        }
        pairs(input.quantity, start, distance, input.count, i, inputs + k * N)
      }
      ProgramRun(
        inputs: inputs, inputDistance: N, value: K + i * row, slope: K, scratch: registers
      ).run(kernel.program, count: i + 1)
    }
  }

  /// One input for the pairs (p_i, p_j), j ≤ i.
  @inline(__always)
  private static func pairs(
    _ quantity: KernelInput.Quantity, _ points: UnsafePointer<Lanes>, _ stride: Int, _ count: Int, _ i: Int,
    _ out: UnsafeMutablePointer<Lanes>
  ) {
    let own = points + i * stride
    switch quantity {
    case .dot: for j in 0...i { out[j] = DataKernel.inner(own, points + j * stride, count) }
    case .squaredDistance:
      // By differences: exactly 0 on the diagonal, and no cancellation beside it.
      for j in 0...i {
        let other = points + j * stride
        var sum = Lanes.zero
        for k in 0..<count {
          let difference = own[k] - other[k]
          sum = fma(difference, difference, sum)
        }
        out[j] = sum
      }
    case .normU:
      let norm = squareRoot(DataKernel.inner(own, own, count))
      for j in 0...i { out[j] = norm }
    case .normV:
      for j in 0...i {
        let other = points + j * stride
        out[j] = squareRoot(DataKernel.inner(other, other, count))
      }
    }
  }

  @inline(__always)
  private static func apply(
    _ map: UnsafePointer<Float>, _ x: UnsafePointer<Lanes>, _ out: UnsafeMutablePointer<Lanes>, _ rows: Int, _ d: Int
  ) {
    for r in 0..<rows {
      var sum = x[0] * broadcast(map[r * d])
      for k in 1..<max(d, 1) { sum = fma(x[k], map[r * d + k], sum) }
      out[r] = sum
    }
  }
}
