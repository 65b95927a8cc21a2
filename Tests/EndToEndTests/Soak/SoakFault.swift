// The faults that a soak composes, each with how long it lasts, drawn from a seed.
import Foundation

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers for a seed everywhere.
struct SoakGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
    .milliseconds(Int.random(in: range, using: &self))
  }
}

enum SoakFault: String, CaseIterable {
  case partition, partitionToCoordinator, partitionToWorker, halfOpen, delay, throttle, bulkPartition, bulkHalfOpen
  case reset, cut, corruptChunk, refuse, repeated, swapped
  case killWorker, stopWorker, endWorker
  case killCoordinator, stopCoordinator, endCoordinator, fullDisk
  case replay, strangers

  /// May cost a trial one of the five unclean ends after which it is quarantined.
  var mayLoseWorker: Bool {
    switch self {
    case .partition, .partitionToCoordinator, .partitionToWorker, .halfOpen, .refuse, .killWorker, .stopWorker, .cut,
      .reset, .throttle, .endWorker:
      true
    case .delay, .bulkPartition, .bulkHalfOpen, .corruptChunk, .repeated, .swapped, .killCoordinator, .stopCoordinator,
      .endCoordinator, .fullDisk,
      .replay, .strangers:
      false
    }
  }

  func lasting(_ generator: inout SoakGenerator) -> Duration {
    switch self {
    case .partition, .partitionToCoordinator, .partitionToWorker, .halfOpen, .bulkPartition, .bulkHalfOpen, .stopWorker,
      .refuse:
      generator.milliseconds(200...6000)
    case .delay, .throttle, .repeated, .swapped: generator.milliseconds(1000...8000)
    case .stopCoordinator, .killCoordinator, .endCoordinator, .fullDisk: generator.milliseconds(100...4000)
    case .killWorker, .endWorker: generator.milliseconds(0...3000)
    case .reset, .cut, .corruptChunk, .replay, .strangers: .zero
    }
  }
}
