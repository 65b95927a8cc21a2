// Where training starts and how the inputs are rotated: draws made once per trial, in double precision on the host.
// Counters: (restart, layer, head, index of the draw) for networks, (0, 0, 0, index) for the rotation.
import KernelTypes
import Shared

/// Draws numbered `index` = 0, 1, … of one (restart, layer, head).
struct HostDraws {
  let seed: Seed
  let stream: StreamCode
  let counter: (UInt32, UInt32, UInt32)

  private func words(_ index: Int) -> SIMD4<UInt32> {
    philox4x32(
      counter: SIMD4(counter.0, counter.1, counter.2, UInt32(index)), key: SIMD2(seed.rawValue, stream.rawValue))
  }

  /// In (0, 1).
  func uniform(_ index: Int) -> Double { unit(words(index), 0) }

  /// Standard normal. Source: Box & Muller 1958.
  func normal(_ index: Int) -> Double {
    let words = words(index)
    let radius = (-2 * deterministicLogarithm(unit(words, 0))).squareRoot()
    return radius * deterministicCosine(ofPiTimes: 2 * unit(words, 2))
  }

  private func unit(_ words: SIMD4<UInt32>, _ first: Int) -> Double {
    let bits = UInt64(words[first]) << 32 | UInt64(words[first + 1])
    return (Double(bits >> 12) + 0.5) * 0x1p-52
  }
}

/// The network that restart `restart` of a trial begins with (docs/science.md §1, Initialisation).
package func initialNetwork(_ parameters: TrialParameters, seed: Seed, restart: Int) -> Network {
  if parameters.network == .isotropic { return isotropicStart(parameters, restart: restart) }
  var network = Network(parameters)
  switch parameters.initialization {
  case .identity, .gaussian: break
  case .descent: network.setDescent(parameters, seed: seed)
  case .checkpoint(let start): network.set(start)
  }
  let d = parameters.dimension, square = d * d, scale = parameters.initScale
  // Nothing is added to a start as it is, so that it keeps its bits.
  if parameters.initialization.checkpoint != nil, scale == 0 { return network }
  for layer in 0..<parameters.layers {
    for head in parameters.heads.activations.indices {
      // Tied layers start equal.
      let draws = HostDraws(
        seed: seed, stream: .initialization,
        counter: (UInt32(restart), UInt32(parameters.tiedLayers ? 0 : layer), UInt32(head)))
      let index = network.index(layer: layer, head: head)
      let identity = parameters.initialization == .identity
      for i in 0..<square {
        let diagonal = identity && i / d == i % d ? 0.5 : 0
        let (B, C) = (Double(network.B[index * square + i]), Double(network.C[index * square + i]))
        network.B[index * square + i] = Float(diagonal + B + scale * draws.normal(1 + i))
        network.C[index * square + i] = Float(diagonal + C + scale * draws.normal(1 + square + i))
        if parameters.value == .free {
          let A = network.A[index * square + i] == 0 ? -0.0 : Double(network.A[index * square + i])
          network.A[index * square + i] = Float(A + scale * draws.normal(1 + 2 * square + i))
        }
      }
      // Not 0 + …: a start of no spread keeps the signs of its zeros.
      let start = network.r[index] == 0 ? -0.0 : Double(network.r[index])
      network.r[index] = Float(identity ? -scale * draws.uniform(0) : start + scale * draws.normal(0))
    }
  }
  return network
}

extension Network {
  /// The form in which a configuration carries a network.
  package func startingNetwork() throws(StartingNetworkError) -> StartingNetwork {
    let square = dimension * dimension
    var values: [Float] = []
    for index in r.indices {
      let range = index * square..<(index + 1) * square
      values += A[range] + [r[index]] + B[range] + C[range]
    }
    values += coefficients.joined()
    return try StartingNetwork(
      layers: layers, heads: heads.activations.count, dimension: dimension, values: values)
  }

  /// Takes the numbers of a network of the same shape.
  fileprivate mutating func set(_ start: StartingNetwork) {
    let square = dimension * dimension, values = start.values
    for index in r.indices {
      let first = index * (3 * square + 1)
      let range = index * square..<(index + 1) * square
      A.replaceSubrange(range, with: values[first..<first + square])
      r[index] = values[first + square]
      B.replaceSubrange(range, with: values[(first + square + 1)...].prefix(square))
      C.replaceSubrange(range, with: values[(first + 2 * square + 1)...].prefix(square))
    }
    guard start.coefficientCount > 0 else { return }
    var rest = values.suffix(start.coefficientCount)
    for head in coefficients.indices {
      coefficients[head] = Array(rest.prefix(coefficients[head].count))
      rest = rest.dropFirst(coefficients[head].count)
    }
  }

  /// The construction of docs/science.md §4, P1 and P3: A = 0, BᵀC = bΣ⁻¹ and, over all heads, a step of η = 1 in every layer. b
  /// is that of the labels' exponential kernel where the head's is exponential too, else 1.
  fileprivate mutating func setDescent(_ parameters: TrialParameters, seed: Seed) {
    let d = dimension, count = heads.activations.count
    let metric = scoreMetric(parameters, seed: seed)
    for index in r.indices {
      let head = heads.activations[index % count]
      var b = 1.0
      if case .exponential(let s) = parameters.task, case .exp(let c) = head.shape { b = s / c }
      let whole = head.isNormalised ? 1 : 1 / Float(context)
      r[index] = -whole / scales[index % count] / Float(count)
      for i in 0..<d {
        C[index * d * d + i * (d + 1)] = 1
        for j in 0..<d { B[index * d * d + i * d + j] = Float(b * metric[i * d + j]) }
      }
    }
  }
}

/// What turns <x_s, M x_t> into the argument of the task's kernel, [d][d]: Σ⁻¹ = U diag(1/σ) Uᵀ, or I where the kernel is
/// taken on x.
package func scoreMetric(_ parameters: TrialParameters, seed: Seed) -> [Double] {
  let d = parameters.dimension
  guard parameters.kernelOn == .xi, let covariance = parameters.covariance else {
    return (0..<d * d).map { $0 / d == $0 % d ? 1 : 0 }
  }
  // Row i of U diag(√σ); dividing by σ gives U diag(1/√σ).
  let transform = inputTransform(parameters, seed: seed).map(Double.init)
  var metric = [Double](repeating: 0, count: d * d)
  for i in 0..<d {
    for j in 0..<d {
      for k in 0..<d {
        metric[i * d + j] += transform[i * d + k] * transform[j * d + k] / (covariance[k] * covariance[k])
      }
    }
  }
  return metric
}

/// Starts of the attainable reference: sharp and flat scores, with and without moving x.
private func isotropicStart(_ parameters: TrialParameters, restart: Int) -> Network {
  let starts: [(c: Float, a: Float)] = [(1, 0), (0.5, 0.1), (2, 0), (1, -0.2)]
  let start = starts[restart % starts.count]
  let growth = Float(1 + restart / starts.count)
  var network = Network(parameters)
  let d = parameters.dimension
  network.setIdentityKeys()
  for index in network.r.indices {
    let scale = network.scales[index % network.heads.activations.count]
    // A step of about one tenth of the full correction, whatever the scale of attention.
    network.r[index] = -0.1
    for i in 0..<d {
      network.C[index * d * d + i * d + i] = start.c * growth
      if parameters.value == .free { network.A[index * d * d + i * d + i] = start.a * (scale == 1 ? 0.1 : 1) }
    }
  }
  return network
}

/// U diag(√σ), [d][d] row-major, U Haar-distributed: the orthogonal factor of a Gaussian matrix with a positive diagonal
/// in the triangular one. Source: Mezzadri 2007, How to generate random matrices from the classical compact groups.
package func inputTransform(_ parameters: TrialParameters, seed: Seed) -> [Float] {
  let d = parameters.dimension
  let draws = HostDraws(seed: seed, stream: .rotation, counter: (0, 0, 0))
  // Columns by Gram–Schmidt, twice, which makes them orthogonal to rounding (Giraud et al. 2005).
  var columns: [[Double]] = []
  for j in 0..<d {
    var column = (0..<d).map { draws.normal(j * d + $0) }
    for _ in 0..<2 {
      for other in columns {
        var product = 0.0
        for i in 0..<d { product += other[i] * column[i] }
        for i in 0..<d { column[i] -= product * other[i] }
      }
    }
    var square = 0.0
    for value in column { square += value * value }
    columns.append(column.map { $0 / square.squareRoot() })
  }
  var transform = [Float](repeating: 0, count: d * d)
  for i in 0..<d {
    for j in 0..<d { transform[i * d + j] = Float(columns[j][i] * (parameters.covariance?[j] ?? 1).squareRoot()) }
  }
  return transform
}
