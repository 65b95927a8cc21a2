// Where a trial is, by its identity, among those of an array: positions only, compared with what stands there. A
// dictionary would hold every identity a second time, which for a million trials is a hundred megabytes.

/// A hash table with open addressing and linear probing. Source: Knuth, The Art of Computer Programming 3, §6.4, algorithm L.
package struct IdentityTable {
  /// Positions, or −1 where nothing is; a power of two of them, at most half of them taken.
  private var slots: [Int32]
  private var count = 0

  package init(capacity: Int = 0) {
    var size = 16
    while size < 2 * capacity { size *= 2 }
    slots = Array(repeating: -1, count: size)
  }

  private func start(of identity: TrialIdentity) -> Int {
    // The digest's bits are even already; a seed's are not.
    let mixed = identity.configuration.leadingBits ^ (UInt64(identity.seed.rawValue) &* 0x9E37_79B9_7F4A_7C15)
    return Int(truncatingIfNeeded: mixed ^ (mixed >> 29)) & (slots.count - 1)
  }

  /// - identity: of what stands at a position.
  package func position(of wanted: TrialIdentity, _ identity: (Int) -> TrialIdentity) -> Int? {
    var slot = start(of: wanted)
    while slots[slot] >= 0 {
      let position = Int(slots[slot])
      if identity(position) == wanted { return position }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Enters `position`, whose identity is not in the table yet. At most 2³¹ − 1 positions.
  package mutating func insert(_ position: Int, _ identity: (Int) -> TrialIdentity) {
    if 2 * (count + 1) > slots.count {
      let old = slots
      slots = Array(repeating: -1, count: 2 * old.count)
      for entry in old where entry >= 0 { place(entry, identity(Int(entry))) }
    }
    place(Int32(position), identity(position))
    count += 1
  }

  private mutating func place(_ entry: Int32, _ identity: TrialIdentity) {
    var slot = start(of: identity)
    while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = entry
  }
}
