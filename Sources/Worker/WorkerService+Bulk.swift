// The bulk channel, where checkpoints travel: connected while there is something to hand over or to fetch, left when it was
// not used for a while, tried anew while nothing answers. Contact with the coordinator does not depend on it.
import Messaging
import Shared

/// What is known of the bulk channel.
struct BulkLine {
  /// Nil before the first welcome.
  var address: EndpointAddress?
  /// A socket exists, and whether it is connected.
  var isOpen = false
  var isUp = false
  /// Checkpoints that the coordinator wants, and when they were last offered or asked for there.
  var wanted: [BlobDigest: Duration] = [:]
  /// When something last had to travel.
  var usedAt = Duration.zero
  /// When the socket was made, or something last came over it.
  var heardAt = Duration.zero
  /// Sockets made since then.
  var retries = 0
  /// Since when something has had to travel and nothing has come.
  var silentSince: Duration?
  /// Whether the user was told so.
  var isTold = false
  var lastRefusal: String?
}

extension WorkerService {
  /// False where it is none; the worker leaves then.
  mutating func learnBulk(_ announced: String) -> Bool {
    let address: EndpointAddress
    do throws(TransportError) {
      if let named = configuration.bulkEndpoint {
        address = named
      } else {
        address = try configuration.endpoint.bulk(announced: announced)
      }
    } catch {
      exit(code: 1, "the coordinator announces no place for checkpoints that could be used: \(error)")
      return false
    }
    // Offers are said again after a welcome, and answered anew.
    bulk.wanted = [:]
    guard address != bulk.address else { return true }
    if bulk.isOpen { closeBulk() }
    bulk.address = address
    return true
  }

  /// The coordinator is ready for the bytes of an offered checkpoint.
  mutating func wanted(_ digest: BlobDigest, at now: Duration) {
    guard outbox.bytes(of: digest) != nil else {
      commands.append(.note(.unknownBlob(digest)))
      return
    }
    bulk.wanted[digest] = now
    send(.ready(configuration.session, digest))
  }

  mutating func bulkConnected(at now: Duration) {
    bulk.isUp = true
    for digest in sortedWanted {
      bulk.wanted[digest] = now
      send(.ready(configuration.session, digest))
    }
    repeatFetches(all: true, at: now)
  }

  mutating func bulkNotLetIn(_ reason: String) {
    if reason != bulk.lastRefusal { commands.append(.note(.bulkNotLetIn(reason: reason))) }
    bulk.lastRefusal = reason
  }

  mutating func receivedInBulk(_ message: CoordinatorMessage, at now: Duration) {
    (bulk.heardAt, bulk.silentSince, bulk.retries) = (now, nil, 0)
    (bulk.lastRefusal, bulk.isTold) = (nil, false)
    switch message {
    case .pull(let digest, let offset): pulled(digest, offset: offset, at: now)
    case .chunk(let chunk): arrived(chunk, at: now)
    case .missing(let digest, let reason): unavailable(digest, reason: reason, at: now)
    case .heard, .welcome, .refused, .grant, .wanted, .stored, .notStored, .acknowledged, .fenced, .cancel, .finish,
      .helloWanted:
      break
    }
  }

  /// Connects where something has to travel, leaves where nothing has for a while, repeats what found no answer.
  mutating func lookAfterBulk(at now: Duration) {
    bulk.wanted = bulk.wanted.filter { outbox.bytes(of: $0.key) != nil }
    guard let address = bulk.address else { return }
    guard hasBulk else {
      bulk.silentSince = nil
      if bulk.isOpen, now - bulk.usedAt >= configuration.bulkIdleLimit { closeBulk() }
      return
    }
    bulk.usedAt = now
    bulk.silentSince = bulk.silentSince ?? now
    if !bulk.isOpen { return openBulk(address, at: now) }
    if bulk.isUp {
      repeatFetches(at: now)
      for digest in sortedWanted where now - (bulk.wanted[digest] ?? now) >= repeatInterval {
        bulk.wanted[digest] = now
        send(.ready(configuration.session, digest))
      }
    }
    lookAfterSilence(of: address, at: now)
  }

  private mutating func lookAfterSilence(of address: EndpointAddress, at now: Duration) {
    guard let since = bulk.silentSince, now - since >= leaseDuration / 2 else { return }
    // Where control is silent, too, that is what there is to say.
    if !bulk.isTold, link == .up {
      bulk.isTold = true
      commands.append(.note(.bulkSilent(address, control: configuration.endpoint, silence: now - since)))
    }
    if now - since >= configuration.bulkPatience, link == .up, draining == nil {
      let limit = durationText(configuration.bulkPatience)
      return drain(
        "no checkpoint could be handed over at \(address) for \(limit), though the coordinator answers at "
          + "\(configuration.endpoint); open that port, or name the way there with --bulk-connect",
        code: 1, within: Self.hopelessDrainLimit, at: now)
    }
    // A connection may be half open, or its first packet lost for good.
    guard now - bulk.heardAt >= silenceLimit else { return }
    bulk.retries += 1
    openBulk(address, at: now)
  }

  /// What is held is told over control; no checkpoint goes with it.
  private static let hopelessDrainLimit = Duration.seconds(2)

  /// Without an answer for so long the channel is connected anew: half a lease, and longer each time up to two leases,
  /// since on a slow line one piece must get through.
  private var silenceLimit: Duration { leaseDuration / 2 * (1 << min(bulk.retries, 2)) }
  private var repeatInterval: Duration { min(configuration.fetchPatience, leaseDuration / 3) }

  /// When `lookAfterBulk` has something to do.
  var bulkDeadlines: [Duration] {
    guard hasBulk else { return bulk.isOpen ? [bulk.usedAt + configuration.bulkIdleLimit] : [] }
    var times = [bulk.heardAt + silenceLimit]
    if bulk.isUp {
      times += bulk.wanted.values.map { $0 + repeatInterval }
      times += downloads.values.map { $0.asked + configuration.fetchPatience }
    }
    if !bulk.isTold, let since = bulk.silentSince { times.append(since + leaseDuration / 2) }
    return times
  }

  /// Something is to be handed over or fetched.
  private var hasBulk: Bool { bulk.address != nil && !(downloads.isEmpty && bulk.wanted.isEmpty) }

  private var sortedWanted: [BlobDigest] { bulk.wanted.keys.sorted { $0.rawValue < $1.rawValue } }

  private mutating func openBulk(_ address: EndpointAddress, at now: Duration) {
    (bulk.isOpen, bulk.isUp, bulk.heardAt) = (true, false, now)
    commands.append(.openBulk(address))
  }

  mutating func closeBulk() {
    (bulk.isOpen, bulk.isUp) = (false, false)
    commands.append(.closeBulk)
  }
}
