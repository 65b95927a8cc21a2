// How many trials are in each state: counted at every change, so without hashing.
import Shared

struct StateCounts {
  private var counts = [Int](repeating: 0, count: TrialState.allCases.count)

  subscript(state: TrialState) -> Int {
    get { counts[Self.place(of: state)] }
    set { counts[Self.place(of: state)] = newValue }
  }

  private static func place(of state: TrialState) -> Int {
    switch state {
    case .pending: 0
    case .leased: 1
    case .running: 2
    case .committing: 3
    case .paused: 4
    case .succeeded: 5
    case .failed: 6
    case .quarantined: 7
    case .cancelled: 8
    case .pruned: 9
    }
  }
}
