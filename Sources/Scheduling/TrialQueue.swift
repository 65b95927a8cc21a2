// The trials that may be granted now, by rank: a binary heap, so that a sweep of 50,000 trials costs a logarithm per
// grant. Whoever owns it keeps every trial in it at most once.

/// Smaller is granted first. The order keeps every slot busy to the end: references come first because a whole cell
/// waits for each, then tuning in the order of the cells, and reporting trials last, because nothing waits for them and
/// they fill the slots while the last cells are tuned. Depth-first by cell would leave slots idle at the end, where the
/// last cell's tuning, reference and reporting trials can only follow one another.
struct TrialRank: Comparable {
  /// Stage, cell and position, from the top: 8, 24 and 32 bits. A plan has at most a million trials.
  private let bits: UInt64
  init(stage: Int, cell: Int, position: Int) {
    bits = UInt64(stage) << 56 | UInt64(cell) << 32 | UInt64(position)
  }
  static func < (a: Self, b: Self) -> Bool { a.bits < b.bits }
}

struct TrialQueue {
  private var heap: [(rank: TrialRank, trial: Int)] = []
  var count: Int { heap.count }

  mutating func insert(_ trial: Int, rank: TrialRank) {
    heap.append((rank, trial))
    var child = heap.count - 1
    while child > 0, heap[child].rank < heap[(child - 1) / 2].rank {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func removeFirst() -> Int? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first.trial }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].rank < heap[least].rank {
        least = child
      }
      if least == parent { return first.trial }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
