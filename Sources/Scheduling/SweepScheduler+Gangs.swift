// Trials of the same prompts that are granted together: a gang shares one slot and its threads, and draws each batch once
// for all its members. Leases, tokens, checkpoints and results stay each trial's own; only slots and threads are counted
// by gang.
import Shared

/// How many trials to put into one slot. The more wait for each slot, the more; at the tail one by one, so that no slot
/// holds the last trials while others have none.
/// - waiting: trials that could be granted, that are to be dealt out over `slots` slots in all.
/// Source: guided self-scheduling, Polychronopoulos & Kuck 1987, with half of the share.
package func gangSize(waiting: Int, slots: Int) -> Int {
  // Beyond four there is little left to share (docs/performance.md), and every member waits for all others.
  min(4, max(1, waiting / (2 * max(1, slots))))
}

/// Members of a gang that a worker holds.
struct HeldGang {
  var members = 0
  /// What its ended members have trained, each its share of the slot's time.
  var secondsOfEnded = 0.0
}

/// Numbers what trials see while they train, so that a trial's stream is small and quickly compared.
struct PromptSources {
  /// Numbers of a network up to which a trial may share a slot: beyond, what every member needs for its gradients would
  /// outweigh what they share (16 chunks of four such networks take 64 MiB).
  private static let largestNetwork = 1 << 18

  private var numbers: [PromptSource: Int] = [:]
  /// Negative for those that are to be alone.
  private var ofConfiguration: [ConfigurationID: Int] = [:]

  /// Nil for a configuration whose trials are to be alone.
  mutating func number(of configuration: ConfigurationID, _ parameters: @autoclosure () -> TrialParameters) -> Int? {
    if let known = ofConfiguration[configuration] { return known < 0 ? nil : known }
    let found = number(of: parameters())
    ofConfiguration[configuration] = found ?? -1
    return found
  }

  private mutating func number(of parameters: TrialParameters) -> Int? {
    let perHead = 2 * parameters.dimension * parameters.dimension + 1
    guard parameters.layers * parameters.heads.activations.count * perHead <= Self.largestNetwork else { return nil }
    let source = PromptSource(parameters)
    let number = numbers[source] ?? numbers.count
    numbers[source] = number
    return number
  }
}

extension SweepScheduler {
  /// A trial that a returning worker took up stays in the queue; it must not enter it twice.
  mutating func enqueue(_ index: Int) {
    queue.insert(index, rank: trials[index].rank, stream: stream(of: index))
  }

  /// Nil for a trial that is to be alone.
  private mutating func stream(of index: Int) -> TrialStream? {
    if trials[index].source == nil {
      let record = trials[index].record
      trials[index].source = sources.number(of: record.configuration, record.parameters) ?? -1
    }
    guard let source = trials[index].source, source >= 0 else { return nil }
    return TrialStream(source: source, seed: trials[index].record.seed, step: trials[index].checkpoint?.step ?? 0)
  }

  /// Takes those out of the queue that are to share the slot of `first`, which has just left it.
  mutating func mates(of first: Int, for session: WorkerSession, threads: Int, at now: MonotonicInstant) -> [Int] {
    let size = gangSize(waiting: queue.count + 1, slots: max(presentSlots, settings.expectedSlots))
    guard size > 1, let place = workers.index(forKey: session) else { return [] }
    let most = min(size, workers.values[place].hello.credit - workers.values[place].held.count) - 1
    guard most > 0, let stream = stream(of: first) else { return [] }
    var mates: [Int] = []
    while mates.count < most, let mate = queue.removeFirst(of: stream) {
      guard trials[mate].record.state == .pending else { continue }
      // It has come back with a checkpoint since.
      guard self.stream(of: mate) == stream else {
        enqueue(mate)
        continue
      }
      guard fitsWalltime([first] + mates + [mate], for: session, threads: threads, at: now) else {
        enqueue(mate)
        break
      }
      mates.append(mate)
    }
    return mates
  }

  /// Whether a worker whose time is limited may train these side by side.
  private func fitsWalltime(
    _ gang: [Int], for session: WorkerSession, threads: Int, at now: MonotonicInstant
  ) -> Bool {
    guard let remaining = remaining(of: session, at: now) else { return true }
    var whole = Duration.zero
    for index in gang {
      guard let length = length(of: index, threads: threads, besideOthers: true) else { return false }
      whole += length
    }
    return whole <= remaining
  }
}

extension Worker {
  /// Slots and places ahead that its trials take: a gang takes one.
  var units: Int { held.count - mateCount }

  /// Takes note of a trial that it holds from now on. True if that takes a slot, false where its gang has one.
  mutating func takesSlot(as gang: GrantedGang?) -> Bool {
    guard let name = gang?.first else { return true }
    gangs[name, default: HeldGang()].members += 1
    guard gangs[name]?.members != 1 else { return true }
    mateCount += 1
    return false
  }

  /// Takes note of a trial that it held. True if that frees a slot, false where others of its gang go on.
  mutating func freesSlot(of gang: GrantedGang?) -> Bool {
    guard let name = gang?.first else { return true }
    gangs[name]?.members -= 1
    guard gangs[name]?.members == 0 else {
      mateCount -= 1
      return false
    }
    gangs[name] = nil
    return true
  }
}
