// Sobol points: the direction numbers through the scrambling, the balance that scrambling keeps, and sameness.
import Search
import Shared
import Testing

@Suite struct SobolTests {
  private let plane = SearchSpace([
    SearchDimension(.learningRate, .range(.init(.logUniform(0.001...0.1, inverted: false)))),
    SearchDimension(.layers, .range(.init(.integers(1...4)))),
  ])

  /// Scrambling keeps how many leading bits two points share, and point 0 of the plain sequence is 0.
  @Test func `points share their leading bits as in the sequence of Joe and Kuo`() {
    // Leading zero bits of points 1 to 23 of the plain sequence, from SciPy's qmc.Sobol.
    let expected: [(Int, [Int])] = [
      (0, [0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, 4, 0, 1, 0, 2, 0, 1, 0]),
      (1, [0, 0, 1, 0, 2, 1, 0, 0, 1, 2, 0, 1, 0, 0, 3, 0, 4, 1, 0, 2, 0, 0, 1]),
      (2, [0, 0, 1, 1, 0, 0, 2, 0, 3, 1, 0, 0, 1, 2, 0, 0, 1, 2, 0, 0, 4, 1, 0]),
      (7, [0, 1, 0, 0, 2, 0, 1, 1, 0, 3, 0, 0, 1, 0, 2, 0, 4, 0, 1, 2, 0, 1, 0]),
      (19, [0, 0, 1, 0, 1, 2, 0, 0, 2, 1, 0, 1, 0, 0, 3, 0, 2, 1, 0, 1, 0, 0, 3]),
      (38, [0, 0, 1, 0, 2, 1, 0, 0, 1, 2, 0, 1, 0, 0, 3, 0, 1, 2, 0, 1, 0, 0, 3]),
    ]
    let sequence = SobolSequence(dimensions: 39, seed: 7)
    func bits(_ index: Int, _ dimension: Int) -> UInt32 { UInt32(sequence.point(UInt32(index))[dimension] * 0x1p32) }
    for (dimension, zeros) in expected {
      for (index, count) in zeros.enumerated() {
        #expect((bits(index + 1, dimension) ^ bits(0, dimension)).leadingZeroBitCount == count)
      }
    }
  }

  @Test func `every interval gets one point, in each coordinate and in boxes of the first two`() {
    let sequence = SobolSequence(dimensions: SobolSequence.maximumDimensions, seed: 1)
    let points = (0..<256).map { sequence.point(UInt32($0)) }
    for dimension in 0..<SobolSequence.maximumDimensions {
      #expect(Set(points.map { Int($0[dimension] * 256) }).count == 256)
    }
    for (a, b) in [(1, 256), (2, 128), (16, 16), (128, 2)] {
      #expect(Set(points.map { Int($0[0] * Double(a)) * b + Int($0[1] * Double(b)) }).count == 256)
    }
  }

  @Test func `over seeds each point is uniform`() {
    let sample = (0..<2000).map { SobolSequence(dimensions: 3, seed: UInt64($0)).point(5)[2] }.sorted()
    let distance = sample.enumerated().map { max(Double($0 + 1) / 2000 - $1, $1 - Double($0) / 2000) }.max() ?? 1
    #expect(distance * 2000.0.squareRoot() < 2)
  }

  @Test func `tuples are different, the same for a seed, and a longer list starts with a shorter one`() throws {
    let few = try plane.sobolTuples(count: 8, seed: 3), more = try plane.sobolTuples(count: 20, seed: 3)
    #expect(Array(more.prefix(8)) == few)
    #expect(Set(more).count == 20)
    #expect(try plane.sobolTuples(count: 8, seed: 4) != few)
    #expect(few.map { $0[1] }.count { $0 == .integer(1) } == 2)
  }

  @Test func `values that run out end the list`() throws {
    let small = SearchSpace([
      SearchDimension(.layers, .range(.init(.integers(1...3)))),
      SearchDimension(.optimizer, .choices([.text("adam"), .text("sgd")], probabilities: [0.99, 0.01])),
    ])
    #expect(try small.sobolTuples(count: 100, seed: 0).count == 6)
  }

  @Test func `the first points are pinned to the bit`() {
    let sequence = SobolSequence(dimensions: 3, seed: 0)
    #expect(
      (0..<2).map { sequence.point($0).map { UInt32($0 * 0x1p32) } } == [
        [568_525_203, 1_854_462_638, 2_553_042_568], [3_399_314_479, 3_291_615_119, 309_134_918],
      ])
  }
}
