// Which key stands behind which connection, and who may still be talked to. Pure: the allowlist is passed in.
// A connection says where to send; only its key says who is allowed what (docs/messaging.md, 6).

struct PeerLedger {
  enum Verdict: Equatable {
    case accepted(KeyName)
    /// The key may not connect any more.
    case revoked
    /// No key, or another one than the connection's before.
    case foreign
  }

  private var allowed: [PublicKey: KeyName]
  /// Two generations, so that connections which ended without a word cannot fill the memory: a full younger one becomes
  /// the older, and what was older and not heard since is forgotten. A forgotten peer is sent nothing until it speaks.
  private var younger: [PeerID: PublicKey] = [:]
  private var older: [PeerID: PublicKey] = [:]
  private let mostPerGeneration: Int

  init(allowed: [PublicKey: KeyName], mostPerGeneration: Int = 32_768) {
    (self.allowed, self.mostPerGeneration) = (allowed, mostPerGeneration)
  }

  /// Judges a message of `peer` that came under `user`.
  mutating func judge(_ peer: PeerID, _ user: PublicKey?) -> Verdict {
    guard let user else { return .foreign }
    if let known = younger[peer] {
      guard known == user else { return .foreign }
      return allowed[user].map { .accepted($0) } ?? .revoked
    }
    if let known = older[peer], known != user { return .foreign }
    guard let name = allowed[user] else { return .revoked }
    if younger.count >= mostPerGeneration { (older, younger) = (younger, [:]) }
    younger[peer] = user
    return .accepted(name)
  }

  /// Whether anything may be sent to `peer`.
  func maySend(to peer: PeerID) -> Bool {
    guard let key = younger[peer] ?? older[peer] else { return false }
    return allowed[key] != nil
  }

  /// Puts another allowlist in force; returns the connections that lost their permission with it.
  mutating func update(_ list: [PublicKey: KeyName]) -> [(peer: PeerID, name: KeyName)] {
    let lost = allowed.filter { list[$0.key] == nil }
    allowed = list
    if lost.isEmpty { return [] }
    // A connection stays known with its key, so that its later messages are counted for what they are.
    return older.merging(younger) { $1 }.compactMap { peer, key in lost[key].map { (peer, $0) } }
  }
}
