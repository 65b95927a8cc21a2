// A task's kernel compiled for one dimension: for the lanes that draw labels, and in double precision for predictors.
import KernelTypes
import Shared

final class CompiledKernel: @unchecked Sendable {
  private let compiled: CompiledProgram
  private let inputs: UnsafeMutablePointer<KernelInput>
  private let maps: [AlignedFloats]
  let program: KernelProgram

  /// - Precondition: the ranges and maps of `expression` fit `dimension` (`TrialParameters` checks it).
  init(_ expression: Expression, dimension: Int) {
    let variables = expression.variables
    var graph = ExpressionGraph()
    let value = graph.add(expression, variables: variables)
    compiled = CompiledProgram(graph, outputs: [value], inputs: variables.count)
    inputs = .allocate(capacity: max(1, variables.count))
    var maps: [AlignedFloats] = []
    for (index, variable) in variables.enumerated() {
      var input = KernelInput(quantity: variable.quantity.kernelQuantity, first: 0, count: dimension)
      switch variable.part {
      case .whole: break
      case .coordinates:
        let range = variable.part.range(dimension: dimension) ?? 0..<dimension
        (input.first, input.count) = (range.lowerBound, range.count)
      case .map(let rows):
        let map = AlignedFloats(count: rows.count * dimension)
        for (r, row) in rows.enumerated() {
          for (k, x) in row.enumerated() { map.pointer[r * dimension + k] = Float(x) }
        }
        maps.append(map)
        (input.count, input.map) = (rows.count, UnsafePointer(map.pointer))
      }
      (inputs + index).initialize(to: input)
    }
    self.maps = maps
    program = KernelProgram(program: compiled.program, inputs: inputs)
  }

  deinit { inputs.deallocate() }
}

extension ExpressionGraph {
  /// The node of a kernel, its variables as inputs in their order.
  mutating func add(_ expression: Expression, variables: [ExpressionVariable]) -> Int {
    add(expression) { variable, graph in graph.input(variables.firstIndex(of: variable) ?? 0) }
  }
}

extension ExpressionVariable.Quantity {
  fileprivate var kernelQuantity: KernelInput.Quantity {
    switch self {
    case .dot, .score: .dot
    case .normU: .normU
    case .normV: .normV
    case .squaredDistance: .squaredDistance
    case .c0, .c1, .c2, .c3, .c4, .c5, .c6, .c7: preconditionFailure("the parser lets no coefficient into a kernel")
    }
  }
}

/// Kernel matrices in double precision, by rows: each term of the formula is computed for a whole row at once.
package struct KernelMatrix: Sendable {
  private let variables: [ExpressionVariable]
  private let graph: ExpressionGraph
  private let value: Int

  package init(_ expression: Expression) {
    variables = expression.variables
    var graph = ExpressionGraph()
    value = graph.add(expression, variables: variables)
    self.graph = graph
  }

  /// K_ij = κ(p_i, p_j), [N][N] row-major. points: [N][d].
  package func callAsFunction(_ points: [Double], count N: Int, dimension d: Int) -> [Double] {
    var K = [Double](repeating: 0, count: N * N)
    let parts = variables.map { PlacedPoints($0.part, points, count: N, dimension: d) }
    var terms = [[Double]](repeating: [], count: graph.nodes.count)
    for i in 0..<N {
      for (index, node) in graph.nodes.enumerated() {
        let row = 0...i
        switch node {
        case .input(let k): terms[index] = row.map { parts[k].value(variables[k].quantity, i, $0) }
        case .coefficient: preconditionFailure("a kernel has no coefficients")
        case .constant(let bits): terms[index] = [Double](repeating: Double(bitPattern: bits), count: i + 1)
        case .call(let function, let a): terms[index] = terms[a].map(function.value)
        case .sign(let a): terms[index] = terms[a].map { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 }
        case .operation(let operation, let a, let b):
          terms[index] = zip(terms[a], terms[b]).map { operation.value($0, $1) }
        case .select(let a, let b, let c, let d):
          terms[index] = row.map { terms[a][$0] <= terms[b][$0] ? terms[c][$0] : terms[d][$0] }
        }
      }
      for j in 0...i { (K[i * N + j], K[j * N + i]) = (terms[value][j], terms[value][j]) }
    }
    return K
  }
}

/// Points after what a variable takes of them.
private struct PlacedPoints {
  private let points: [Double]
  private let stride: Int
  private let range: Range<Int>
  private let norms: [Double]

  init(_ part: PointPart, _ points: [Double], count N: Int, dimension d: Int) {
    switch part {
    case .whole, .coordinates: (self.points, stride, range) = (points, d, part.range(dimension: d) ?? 0..<d)
    case .map(let rows):
      (stride, range) = (rows.count, 0..<rows.count)
      self.points = (0..<N).flatMap { i in
        rows.map { row in row.indices.reduce(0.0) { $0 + row[$1] * points[i * d + $1] } }
      }
    }
    let (all, stride, range) = (self.points, stride, range)
    norms = (0..<N).map { i in
      range.reduce(0.0) { $0 + all[i * stride + $1] * all[i * stride + $1] }.squareRoot()
    }
  }

  func value(_ quantity: ExpressionVariable.Quantity, _ i: Int, _ j: Int) -> Double {
    switch quantity {
    case .normU: return norms[i]
    case .normV: return norms[j]
    case .dot, .score: return range.reduce(0.0) { $0 + points[i * stride + $1] * points[j * stride + $1] }
    case .squaredDistance:
      return range.reduce(0.0) {
        let difference = points[i * stride + $1] - points[j * stride + $1]
        return $0 + difference * difference
      }
    case .c0, .c1, .c2, .c3, .c4, .c5, .c6, .c7: return .nan
    }
  }
}
