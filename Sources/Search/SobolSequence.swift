// Sobol's low-discrepancy sequence with Owen's scrambling: points that fill the unit cube evenly, from any first point
// on, the same on every machine.
import Shared

/// A scrambled Sobol sequence. Each coordinate is scrambled by itself, so that the first 2^k points still have one point
/// in each of 2^k equal intervals, and every point alone is uniform.
/// Sources: Sobol 1967; direction numbers of Joe & Kuo 2008 (new-joe-kuo-6); nested uniform scrambling (Owen 1995) by a
/// hash of the reversed bits (Laine & Karras 2011, Burley 2020 with Vegdahl's constants).
package struct SobolSequence: Sendable {
  /// More than there are parameters.
  package static let maximumDimensions = directionTable.count + 1

  /// [dimension][bit], the most significant bit first.
  private let directions: [[UInt32]]
  private let scrambles: [UInt32]

  /// - dimensions: at most `maximumDimensions`.
  /// - stream: sequences of one seed for different purposes.
  package init(dimensions: Int, seed: UInt64, stream: UInt32 = 0) {
    precondition(
      dimensions <= Self.maximumDimensions, "a Sobol sequence has at most \(Self.maximumDimensions) dimensions")
    directions = (0..<dimensions).map(Self.directionNumbers)
    let key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    scrambles = (0..<dimensions).map { philox4x32(counter: SIMD4(UInt32($0), stream, 0, fnv1a("sobol")), key: key)[0] }
  }

  /// Point `index` of the sequence: coordinates above 0 and below 1, multiples of 2^-32 plus 2^-33.
  package func point(_ index: UInt32) -> [Double] {
    zip(directions, scrambles).map { directions, scramble in
      var bits: UInt32 = 0
      for (place, direction) in directions.enumerated() where index >> UInt32(place) & 1 == 1 { bits ^= direction }
      return (Double(Self.scrambled(bits, scramble)) + 0.5) * 0x1p-32
    }
  }

  /// Flips each bit depending on the bits above it: a random permutation of the tree of intervals.
  private static func scrambled(_ bits: UInt32, _ seed: UInt32) -> UInt32 {
    var x = reversed(bits)
    x ^= x &* 0x3d20_adea
    x &+= seed
    x &*= (seed >> 16) | 1
    x ^= x &* 0x0552_6c56
    x ^= x &* 0x53a2_2864
    return reversed(x)
  }

  private static func reversed(_ bits: UInt32) -> UInt32 {
    var x = bits.byteSwapped
    x = (x & 0x0f0f_0f0f) << 4 | (x >> 4) & 0x0f0f_0f0f
    x = (x & 0x3333_3333) << 2 | (x >> 2) & 0x3333_3333
    return (x & 0x5555_5555) << 1 | (x >> 1) & 0x5555_5555
  }

  /// v_k = m_k · 2^(32−k) with m_k = 2 a_1 m_(k−1) ⊕ 2² a_2 m_(k−2) ⊕ … ⊕ 2^s m_(k−s) ⊕ m_(k−s).
  private static func directionNumbers(_ dimension: Int) -> [UInt32] {
    // The first dimension is van der Corput's sequence.
    guard dimension > 0 else { return (0..<32).map { 1 << UInt32(31 - $0) } }
    let (coefficients, initial) = directionTable[dimension - 1]
    let degree = initial.count
    var numbers: [UInt32] = []
    for k in 0..<32 {
      if k < degree {
        numbers.append(initial[k] << UInt32(31 - k))
        continue
      }
      var number = numbers[k - degree] ^ numbers[k - degree] >> UInt32(degree)
      for i in 1..<degree where coefficients >> UInt32(degree - 1 - i) & 1 == 1 { number ^= numbers[k - i] }
      numbers.append(number)
    }
    return numbers
  }

  /// From the second dimension on: the primitive polynomial's inner coefficients as bits, and m_1 … m_s.
  private static let directionTable: [(UInt32, [UInt32])] = [
    (0, [1]),
    (1, [1, 3]),
    (1, [1, 3, 1]),
    (2, [1, 1, 1]),
    (1, [1, 1, 3, 3]),
    (4, [1, 3, 5, 13]),
    (2, [1, 1, 5, 5, 17]),
    (4, [1, 1, 5, 5, 5]),
    (7, [1, 1, 7, 11, 19]),
    (11, [1, 1, 5, 1, 1]),
    (13, [1, 1, 1, 3, 11]),
    (14, [1, 3, 5, 5, 31]),
    (1, [1, 3, 3, 9, 7, 49]),
    (13, [1, 1, 1, 15, 21, 21]),
    (16, [1, 3, 1, 13, 27, 49]),
    (19, [1, 1, 1, 15, 7, 5]),
    (22, [1, 3, 1, 15, 13, 25]),
    (25, [1, 1, 5, 5, 19, 61]),
    (1, [1, 3, 7, 11, 23, 15, 103]),
    (4, [1, 3, 7, 13, 13, 15, 69]),
    (7, [1, 1, 3, 13, 7, 35, 63]),
    (8, [1, 3, 5, 9, 1, 25, 53]),
    (14, [1, 3, 1, 13, 9, 35, 107]),
    (19, [1, 3, 1, 5, 27, 61, 31]),
    (21, [1, 1, 5, 11, 19, 41, 61]),
    (28, [1, 3, 5, 3, 3, 13, 69]),
    (31, [1, 1, 7, 13, 1, 19, 1]),
    (32, [1, 3, 7, 5, 13, 19, 59]),
    (37, [1, 1, 3, 9, 25, 29, 41]),
    (41, [1, 3, 5, 13, 23, 1, 55]),
    (42, [1, 3, 7, 3, 13, 59, 17]),
    (50, [1, 3, 1, 3, 5, 53, 69]),
    (55, [1, 1, 5, 5, 23, 33, 13]),
    (56, [1, 1, 7, 7, 1, 61, 123]),
    (59, [1, 1, 7, 9, 13, 61, 49]),
    (62, [1, 3, 3, 5, 3, 55, 33]),
    (14, [1, 3, 1, 15, 31, 13, 49, 245]),
    (21, [1, 3, 5, 15, 31, 59, 63, 97]),
    (22, [1, 3, 1, 11, 11, 11, 77, 249]),
  ]
}

extension SearchSpace {
  /// The first `count` different tuples of a scrambled Sobol sequence; fewer where the values run out.
  /// - Throws: where a distribution reaches beyond what its parameter allows, with the point's number from 1.
  package func sobolTuples(count: Int, seed: UInt64) throws(SampleError) -> [[ParameterValue]] {
    let sequence = SobolSequence(dimensions: dimensions.count, seed: seed)
    var tuples: [[ParameterValue]] = []
    var seen: Set<[ParameterValue]> = []
    // With few values left most points give a tuple that was there before, so points are bounded.
    for index in 0..<(20 * count + 1000) where tuples.count < count {
      let tuple: [ParameterValue]
      do { tuple = try self.tuple(at: sequence.point(UInt32(index))) } catch {
        throw SampleError(number: index + 1, error: error)
      }
      if seen.insert(tuple).inserted { tuples.append(tuple) }
      if tuples.count == tupleCount { break }
    }
    return tuples
  }
}

/// A proposed value that its parameter refuses.
package struct SampleError: Error, Equatable, Sendable {
  /// Of the proposal, counted from 1.
  package let number: Int
  package let error: ParameterError
}
