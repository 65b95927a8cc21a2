// The trials that may be granted now, by rank, and those of each stream of prompts among them. A trial is in the queue at
// most once.
import Shared

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

/// What trials must have in common to train side by side from now on: the prompts, and how far they are.
struct TrialStream: Hashable {
  /// Numbered by the scheduler.
  let source: Int
  let seed: Seed
  let step: Int
}

struct TrialQueue {
  private var all = RankedLine()
  private var streams: [TrialStream: RankedLine] = [:]
  /// By trial. What leaves the queue by one line stays in the other until it comes to its head.
  private var isWaiting: [Bool] = []
  private(set) var count = 0

  /// - stream: nil for a trial that is to be alone.
  mutating func insert(_ trial: Int, rank: TrialRank, stream: TrialStream?) {
    while isWaiting.count <= trial { isWaiting.append(false) }
    guard !isWaiting[trial] else { return }
    isWaiting[trial] = true
    count += 1
    all.insert(trial, rank: rank)
    if let stream { streams[stream, default: RankedLine()].insert(trial, rank: rank) }
  }

  mutating func removeFirst() -> Int? {
    while let trial = all.removeFirst() { if leave(trial) { return trial } }
    return nil
  }

  /// The first of those of one stream.
  mutating func removeFirst(of stream: TrialStream) -> Int? {
    while let trial = streams[stream]?.removeFirst() { if leave(trial) { return trial } }
    streams[stream] = nil
    return nil
  }

  /// False for one that has left by the other line.
  private mutating func leave(_ trial: Int) -> Bool {
    guard isWaiting[trial] else { return false }
    isWaiting[trial] = false
    count -= 1
    // Whatever is left in the lines has left the queue.
    if count == 0 { (all, streams) = (RankedLine(), [:]) }
    return true
  }
}

/// Most come in the order of their ranks and stand in a line, so that taking the first costs the same with a million
/// waiting as with a thousand; what comes out of order stands in a binary heap beside it.
private struct RankedLine {
  private typealias Entry = (rank: TrialRank, trial: Int)
  private var line: [Entry] = []
  /// Those before it have been taken.
  private var head = 0
  private var heap: [Entry] = []

  mutating func insert(_ trial: Int, rank: TrialRank) {
    if head == line.count {
      line.removeAll(keepingCapacity: true)
      head = 0
    }
    if let last = line.last, rank < last.rank {
      insertIntoHeap((rank, trial))
    } else {
      line.append((rank, trial))
    }
  }

  mutating func removeFirst() -> Int? {
    guard head < line.count else { return removeFirstOfHeap() }
    if let first = heap.first, first.rank < line[head].rank { return removeFirstOfHeap() }
    head += 1
    return line[head - 1].trial
  }

  private mutating func insertIntoHeap(_ entry: Entry) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0, heap[child].rank < heap[(child - 1) / 2].rank {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func removeFirstOfHeap() -> Int? {
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
