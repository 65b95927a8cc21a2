// Where a trial is, by its number. Numbers are given in order, so that an array finds them; what a store may hold besides
// goes into a dictionary.
import Shared

struct TrialPositions {
  /// By number, −1 where there is none.
  private var dense: [Int32] = []
  private var others: [TrialID: Int] = [:]
  /// The array grows by so many numbers without a trial at most.
  private static let longestGap = 1 << 16

  subscript(trial: TrialID) -> Int? {
    get {
      if dense.indices.contains(Int(clamping: trial.rawValue)) {
        let position = dense[Int(trial.rawValue)]
        if position >= 0 { return Int(position) }
      }
      return others.isEmpty ? nil : others[trial]
    }
    set {
      guard let number = Int(exactly: trial.rawValue), (0...dense.count + Self.longestGap).contains(number),
        let position = Int32(exactly: newValue ?? -1)
      else {
        others[trial] = newValue
        return
      }
      others[trial] = nil
      while dense.count <= number { dense.append(-1) }
      dense[number] = position
    }
  }
}
