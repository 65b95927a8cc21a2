// What a proxy does to the bytes of one direction of a connection; changed while it runs.

struct FaultRules: Sendable {
  /// Every piece arrives so much later.
  var delay = Duration.zero
  var bytesPerSecond: Int?
  /// Nothing is taken and nothing arrives, as in a partition; TCP keeps it, and it arrives when this ends.
  var isHeld = false
  /// Everything is taken and nothing arrives, as with half-open connections. A connection that lost bytes so stays dead.
  var isSwallowed = false
  /// Messages from the first one of this type on are held as long as this stands.
  var holdsFrom: UInt16?
  /// One bit of the last frame of the next message of this type is changed.
  var corrupts: UInt16?
  /// One bit in so many bytes is changed.
  var flipsEvery: Int?
  /// After so many bytes more the connection is reset, in the middle of whatever that is; once.
  var cutsAfter: Int?
  /// Every message comes twice.
  var repeats = false
  /// Every message changes places with the one after it.
  var swaps = false

  static let none = FaultRules()
}
