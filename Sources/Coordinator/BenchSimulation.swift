// Simulated workers of `attune bench dispatch`, in a process of their own: real sockets, real messages, no training. Each
// answers a grant at once with a result and counts what is acknowledged.
internal import ArgumentParser
import Foundation
import Messaging
import Shared

struct BenchSimulation: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate-workers", abstract: "Simulated workers for `attune bench dispatch`.", shouldDisplay: false)

  @Option var connect: String
  @Option var workers: Int
  /// Number of the first one's session.
  @Option var first: Int
  @Option var credit: Int
  @Option var slots: Int = 1
  /// A checkpoint that is stored already, and its size: what every result names.
  @Option var checkpoint: String
  @Option var checkpointBytes: Int
  /// Never work, only keep contact.
  @Flag var idle = false
  /// Bytes of a checkpoint of its own that each trial hands over; 0: none, the stored one is named.
  @Option var uploadBytes = 0
  @Option var keys: String?

  func run() throws {
    guard let digest = BlobDigest(rawValue: checkpoint) else { throw ValidationError("--checkpoint is no digest") }
    raiseDescriptorLimit()
    let security: WorkerSecurity = if let keys { .curve(try KeyDirectory(keys).workerKeys()) } else { .open }
    let address = try EndpointAddress(connect)
    let context = try MessagingContext(sockets: 2 * workers + 16)
    let swarm = try WorkerSwarm(context, connect: address, count: workers, security: security)
    let bulk =
      uploadBytes == 0
      ? nil : try WorkerSwarm(context, connect: try address.bulkByDefault(), count: workers, security: security)
    var simulation = Simulation(
      swarm, bulk, first: first, slots: slots, credit: credit,
      checkpoint: CheckpointOffer(digest: digest, byteCount: checkpointBytes, step: 0), isIdle: idle,
      uploadBytes: uploadBytes)
    try simulation.run()
    print(try jsonText(simulation.report()))
  }
}

/// As many descriptors as the system allows: thousands of sockets need two each.
func raiseDescriptorLimit() {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

struct Simulation {
  private struct Member {
    var isWelcome = false
    var hasLeft = false
    var helloAt = -1e9
    var contactAt = 0.0
    var heartbeatAt = 0.0
    /// Results without acknowledgement, in the order of their sending.
    var waiting: [(trial: TrialID, sent: Double)] = []
    var firstWaiting = 0
    /// Granted without a checkpoint: offered first.
    var offered: [TrialID: (grant: TrialGrant, checkpoint: BlobDigest)] = [:]
    var uploads = Uploads()
    /// When the heartbeat left that has no answer yet.
    var askedAt: Double?
    var outgoing: [WorkerMessage] = []
    var outgoingInBulk: [WorkerMessage] = []
    /// Granted to one that never works.
    var held: [HeldTrial] = []
  }

  private let swarm: WorkerSwarm
  /// For checkpoints, where some are handed over.
  private let bulk: WorkerSwarm?
  private let first: Int
  private let slots: Int
  private let credit: Int
  private let checkpoint: CheckpointOffer
  private let isIdle: Bool
  private let uploadBytes: Int
  private var members: [Member]
  private var heartbeatInterval = 2.0
  private var lease = 30.0
  private var report_ = SimulationReport()
  private var latencies: [Float] = []
  private var heartbeatLatencies: [Float] = []
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  init(
    _ swarm: WorkerSwarm, _ bulk: WorkerSwarm?, first: Int, slots: Int, credit: Int, checkpoint: CheckpointOffer,
    isIdle: Bool,
    uploadBytes: Int
  ) {
    self.bulk = bulk
    (self.swarm, self.first, self.slots, self.credit) = (swarm, first, slots, credit)
    (self.checkpoint, self.isIdle, self.uploadBytes) = (checkpoint, isIdle, uploadBytes)
    members = Array(repeating: Member(), count: swarm.count)
    start = clock.now
  }

  private var now: Double { (clock.now - start) / .seconds(1) }

  /// Until every worker was told to finish, or standard input ends: its parent has gone or wants no more.
  mutating func run() throws {
    var nextLook = 0.0
    var ended = false
    while !ended, members.contains(where: { !$0.hasLeft }) {
      if isIdle {
        // One look at all of them every now and then costs less than waiting for each.
        usleep(100_000)
        for index in members.indices { try receive(index, at: now) }
      } else {
        for index in try swarm.wait(timeout: .milliseconds(bulk == nil ? 20 : 1)) { try receive(index, at: now) }
        if let bulk { for index in try bulk.wait(timeout: .zero) { try receiveInBulk(index, bulk) } }
      }
      let moment = now
      guard moment >= nextLook else { continue }
      nextLook = moment + 0.05
      for index in members.indices { try lookAfter(index, at: moment) }
      ended = parentHasEnded()
    }
  }

  private mutating func lookAfter(_ index: Int, at now: Double) throws {
    guard !members[index].hasLeft else { return }
    if members[index].isWelcome, now - members[index].contactAt > lease * 2 / 3 { members[index].isWelcome = false }
    if !members[index].isWelcome {
      // Not all at once: a thousand hellos a second, spread over all processes by their sessions' numbers.
      let spread = isIdle ? 5.0 + Double(index % 100) / 20 : 1
      if now - members[index].helloAt > spread {
        members[index].outgoing = []
        if try swarm.send([.hello(hello(index))], from: index) == 1 { members[index].helloAt = now }
      }
    } else if now - members[index].heartbeatAt >= heartbeatInterval {
      members[index].heartbeatAt = now
      members[index].outgoing.append(.heartbeat(held: members[index].held))
      members[index].askedAt = members[index].askedAt ?? now
    }
    try flush(index)
  }

  private func hello(_ index: Int) -> WorkerHello {
    WorkerHello(
      session: WorkerSession(rawValue: UInt64(first + index)), minimumVersion: protocolVersion,
      maximumVersion: protocolVersion, arithmeticVersion: arithmeticVersion, host: "simulated",
      processID: first + index, slots: slots, threads: slots, instructionSet: "none", programVersion: programVersion,
      inventory: members[index].held, credit: credit)
  }

  private mutating func receive(_ index: Int, at now: Double) throws {
    var budget = 16
    while budget > 0, let messages = try swarm.receive(index) {
      budget -= 1
      members[index].contactAt = now
      for message in messages { take(message, index, at: now) }
    }
    try flush(index)
  }

  private mutating func receiveInBulk(_ index: Int, _ bulk: WorkerSwarm) throws {
    while let messages = try bulk.receive(index) {
      for case .pull(let digest, let offset) in messages {
        if let chunk = members[index].uploads.chunk(digest, offset: offset) {
          members[index].outgoingInBulk.append(.chunk(chunk))
        }
      }
    }
    try flush(index)
  }

  private mutating func take(_ message: CoordinatorMessage, _ index: Int, at now: Double) {
    switch message {
    case .welcome(let welcome):
      if !members[index].isWelcome { report_.lastWelcome = Date().timeIntervalSince1970 }
      members[index].isWelcome = true
      // Spread over the interval, as workers are that start at different times.
      heartbeatInterval = welcome.heartbeatInterval / .seconds(1)
      lease = welcome.leaseDuration / .seconds(1)
      members[index].heartbeatAt = now - heartbeatInterval * Double((first + index) % 97) / 97
    case .grant(let grant):
      if isIdle {
        members[index].held.append(HeldTrial(trial: grant.trial, token: grant.token, step: 0))
      } else if let resume = grant.resume, uploadBytes == 0 {
        answer(grant, naming: resume.digest, sequence: 1, index, at: now)
      } else {
        var offer = checkpoint
        if uploadBytes > 0 { offer = members[index].uploads.begin(grant.trial, byteCount: uploadBytes) }
        offer.step = grant.parameters.steps
        members[index].offered[grant.trial] = (grant, offer.digest)
        let address = TrialAddress(trial: grant.trial, token: grant.token, sequence: 1)
        members[index].outgoing.append(.offer(address, offer))
      }
    case .stored(let address, _):
      if let (grant, digest) = members[index].offered.removeValue(forKey: address.trial) {
        if members[index].uploads.end(digest) { report_.uploads += 1 }
        answer(grant, naming: digest, sequence: 2, index, at: now)
      }
    case .acknowledged(let address):
      let place = members[index].firstWaiting
      // In order, but for trials that had to offer a checkpoint first.
      guard place < members[index].waiting.count else { break }
      if let found = members[index].waiting[place...].firstIndex(where: { $0.trial == address.trial }) {
        report_.acknowledged += 1
        latencies.append(Float(1e6 * (now - members[index].waiting[found].sent)))
        members[index].waiting.swapAt(found, place)
        members[index].firstWaiting += 1
      }
      if members[index].firstWaiting == members[index].waiting.count {
        members[index].waiting.removeAll(keepingCapacity: true)
        members[index].firstWaiting = 0
      }
    case .cancel(let trial, let token):
      members[index].held.removeAll { $0.trial == trial && $0.token == token }
      report_.fenced += 1
    case .fenced, .notStored: report_.fenced += 1
    case .refused: (report_.refused, members[index].hasLeft) = (report_.refused + 1, true)
    case .finish:
      members[index].outgoing.append(.goodbye(reason: "the measurement is over"))
      members[index].hasLeft = true
    case .helloWanted: (members[index].isWelcome, members[index].helloAt) = (false, -1e9)
    case .wanted(let digest):
      members[index].outgoingInBulk.append(.ready(WorkerSession(rawValue: UInt64(first + index)), digest))
    case .heard:
      if let asked = members[index].askedAt { heartbeatLatencies.append(Float(1e6 * (now - asked))) }
      members[index].askedAt = nil
    case .pull, .chunk, .missing: break
    }
  }

  private mutating func answer(
    _ grant: TrialGrant, naming digest: BlobDigest, sequence: Int, _ index: Int, at now: Double
  ) {
    let address = TrialAddress(trial: grant.trial, token: grant.token, sequence: sequence)
    var metrics = FinalMetrics()
    // Different for every trial, so that no bytes repeat.
    let loss = 0.1 + 1 / Double(grant.trial.rawValue + 1)
    (metrics.trainLoss, metrics.validationLoss, metrics.testLoss) = (loss, 1.1 * loss, 1.2 * loss)
    (metrics.bayesLoss, metrics.zeroLoss, metrics.excess) = (0.5 * loss, 1, 0.7 * loss)
    let result = TrialResult(
      outcome: .finite, metrics: metrics, checkpoint: digest, steps: grant.parameters.steps, seconds: 1e-5)
    members[index].outgoing.append(.result(address, result))
    members[index].waiting.append((grant.trial, now))
    report_.results += 1
  }

  private mutating func flush(_ index: Int) throws {
    if let bulk, !members[index].outgoingInBulk.isEmpty {
      members[index].outgoingInBulk.removeFirst(try bulk.send(members[index].outgoingInBulk, from: index))
    }
    guard !members[index].outgoing.isEmpty else { return }
    let sent = try swarm.send(members[index].outgoing, from: index)
    members[index].outgoing.removeFirst(sent)
  }

  private func parentHasEnded() -> Bool {
    var request = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
    guard poll(&request, 1, 0) > 0 else { return false }
    var byte: UInt8 = 0
    return read(0, &byte, 1) == 0
  }

  func report() -> SimulationReport {
    var report = report_
    report.workers = members.count
    report.welcomed = members.count { $0.isWelcome }
    report.latencies = quantiles(latencies)
    report.heartbeatLatencies = quantiles(heartbeatLatencies)
    let usage = processorSeconds(RUSAGE_SELF)
    (report.userSeconds, report.systemSeconds) = (usage.user, usage.system)
    return report
  }

  private func quantiles(_ values: [Float]) -> [Double] {
    let sorted = values.sorted()
    return sorted.isEmpty ? [] : (0...100).map { Double(sorted[(sorted.count - 1) * $0 / 100]) }
  }
}

/// Processor time of this process or of its ended children.
func processorSeconds(_ who: __rusage_who) -> (user: Double, system: Double) {
  var usage = rusage()
  getrusage(__rusage_who_t(who.rawValue), &usage)
  func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
  return (seconds(usage.ru_utime), seconds(usage.ru_stime))
}
