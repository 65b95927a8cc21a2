// The fixed binary tree that sums chunks, and the loop that measures a thread's peak.
import KernelTypes

enum Reduction {
  /// Contract: `KernelTable.sumRows`. Row i takes row i + distance, for distance 1, 2, 4, …: the order of additions
  /// depends on row indices alone.
  static func sumRows(_ rows: UnsafeMutablePointer<Float>, _ rowCount: Int, _ count: Int) {
    let vectors = count / lanesPerBlock
    let start = UnsafeMutableRawPointer(rows).assumingMemoryBound(to: Lanes.self)
    var distance = 1
    while distance < rowCount {
      var row = 0
      while row + distance < rowCount {
        let a = start + row * vectors, b = start + (row + distance) * vectors
        for i in 0..<vectors { a[i] += b[i] }
        row += 2 * distance
      }
      distance *= 2
    }
  }
}

enum Peak {
  /// Contract: `KernelTable.multiplyAddRounds`. Independent chains hide the latency of the multiply-add units: twelve
  /// vectors fill the 32 registers of AVX-512 well, six are what the 16 of AVX2 hold.
  static func multiplyAddRounds(_ iterations: Int, _ wide: Bool) -> (operations: Double, sink: Float) {
    wide ? rounds(iterations, InlineArray<12, Lanes>.self) : rounds(iterations, InlineArray<6, Lanes>.self)
  }

  @inline(__always)
  private static func rounds<let chains: Int>(
    _ iterations: Int, _: InlineArray<chains, Lanes>.Type
  ) -> (operations: Double, sink: Float) {
    var sums = InlineArray<chains, Lanes>(repeating: broadcast(1))
    let factor = broadcast(0.999_999), term = broadcast(1e-6)
    for _ in 0..<iterations { for i in 0..<chains { sums[i] = fma(sums[i], factor, term) } }
    var total = Lanes.zero
    for i in 0..<chains { total += sums[i] }
    return (Double(iterations) * Double(chains) * 2 * Double(lanesPerBlock), sumOfLanes(total))
  }
}
