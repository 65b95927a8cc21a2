// How near a trained network is to the form that theory gives its stationary points: BᵀC ∝ Σ⁻¹, A ∝ I
// (docs/science.md §4, T1). Source: Cheng, Chen & Sra 2024, arXiv 2312.06528, theorem 1.
import Shared
import Training

/// One head of one layer.
package struct HeadStructure: Codable, Sendable {
  package var layer: Int
  package var head: Int
  /// The c of the multiple c·Σ⁻¹ nearest to BᵀC, and min_c ‖BᵀC − cΣ⁻¹‖_F / ‖BᵀC‖_F: 0 where it is one, √(1 − 1/d²) for a
  /// typical random matrix, at most 1. Nil where BᵀC is 0.
  package var scoreScale: Double
  package var scoreDistance: Double?
  /// The same of A and a·I.
  package var shift: Double
  package var shiftDistance: Double?
  package var r: Double
}

/// - metric: Σ⁻¹ up to a factor, [d][d] (`scoreMetric`).
package func structure(of network: Network, metric: [Double]) -> [HeadStructure] {
  let d = network.dimension, square = d * d
  let identity = (0..<square).map { $0 / d == $0 % d ? 1.0 : 0 }
  var found: [HeadStructure] = []
  for layer in 0..<network.layers {
    for head in network.heads.activations.indices {
      let index = network.index(layer: layer, head: head)
      let range = index * square..<(index + 1) * square
      let score = nearestMultiple(of: metric, to: scoreMatrix(network, index))
      let shift = nearestMultiple(of: identity, to: network.A[range].map(Double.init))
      found.append(
        HeadStructure(
          layer: layer, head: head, scoreScale: score.factor, scoreDistance: score.distance, shift: shift.factor,
          shiftDistance: shift.distance, r: Double(network.r[index])))
    }
  }
  return found
}

/// BᵀC, [d][d].
private func scoreMatrix(_ network: Network, _ index: Int) -> [Double] {
  let d = network.dimension, start = index * d * d
  var product = [Double](repeating: 0, count: d * d)
  for i in 0..<d {
    for j in 0..<d {
      for k in 0..<d {
        product[i * d + j] += Double(network.B[start + k * d + i]) * Double(network.C[start + k * d + j])
      }
    }
  }
  return product
}

/// The c that minimises ‖matrix − c·form‖_F, and that norm relative to ‖matrix‖_F.
private func nearestMultiple(of form: [Double], to matrix: [Double]) -> (factor: Double, distance: Double?) {
  var product = 0.0, formSquare = 0.0, matrixSquare = 0.0
  for i in form.indices {
    product += matrix[i] * form[i]
    formSquare += form[i] * form[i]
    matrixSquare += matrix[i] * matrix[i]
  }
  let factor = product / formSquare
  guard matrixSquare > 0 else { return (factor, nil) }
  // As a sum of squares: the difference of squares would lose a small distance to rounding.
  var rest = 0.0
  for i in form.indices { rest += square(matrix[i] - factor * form[i]) }
  return (factor, (rest / matrixSquare).squareRoot())
}

extension Network {
  /// The network of theory's form nearest to this one: A = aI, BᵀC = cΣ⁻¹ with each head's own a, c and r.
  package func projected(metric: [Double]) -> Network {
    var network = self
    let d = dimension, square = d * d
    for head in structure(of: self, metric: metric) {
      let index = index(layer: head.layer, head: head.head)
      for i in 0..<square {
        network.A[index * square + i] = i / d == i % d ? Float(head.shift) : 0
        network.B[index * square + i] = Float(head.scoreScale * metric[i])
        network.C[index * square + i] = i / d == i % d ? 1 : 0
      }
    }
    return network
  }

  /// The first `count` layers.
  package func truncated(to count: Int) -> Network {
    var network = Network(layers: count, heads: heads, dimension: dimension, context: context, scales: scales)
    network.A = Array(A.prefix(network.A.count))
    network.B = Array(B.prefix(network.B.count))
    network.C = Array(C.prefix(network.C.count))
    network.r = Array(r.prefix(network.r.count))
    return network
  }
}
