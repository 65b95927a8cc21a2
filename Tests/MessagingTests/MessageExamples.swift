// One example of every message, with every field set, for the codec's tests.
// Numbers are chosen so that a field that is swapped with another or dropped shows.
import Messaging
import Shared

enum Examples {
  static let token = LeaseToken(epoch: 3, counter: 41)
  static let address = TrialAddress(trial: TrialID(rawValue: 17), token: token, sequence: 5)
  static let sweep = SweepID(rawValue: 0x0123_4567_89ab_cdef)
  static let digest = BlobDigest(of: Array("checkpoint".utf8))
  static let held = HeldTrial(trial: TrialID(rawValue: 17), token: token, step: 300)
  static let chunk = BlobChunk(digest: digest, offset: 131_072, byteCount: 131_077, bytes: [1, 2, 3, 254, 255])

  static var hello: WorkerHello {
    WorkerHello(
      session: WorkerSession(rawValue: 0xfeed_0000_0000_0001), minimumVersion: 1, maximumVersion: 2,
      arithmeticVersion: 1, host: "node7", processID: 4711, slots: 2, threads: 8, instructionSet: "avx512",
      programVersion: "0.1.0", inventory: [held])
  }

  static var laterHello: WorkerHello {
    var later = hello
    (later.remaining, later.sweep, later.credit) = (.seconds(7200), sweep, 24)
    return later
  }

  static var repeatedHello: WorkerHello {
    var repeated = hello
    (repeated.number, repeated.previous) = (2, WorkerSession(rawValue: 0xfeed_0000_0000_0000))
    return repeated
  }

  static var result: TrialResult {
    var metrics = FinalMetrics()
    metrics.trainLoss = 0.1
    metrics.validationLoss = 0.2
    metrics.testLoss = 0.30000000000000004
    metrics.testLossStandardError = .leastNonzeroMagnitude
    metrics.excess = -0.0
    metrics.excessStandardError = .infinity
    metrics.bayesLoss = 0.181
    metrics.zeroLoss = 1.0322
    metrics.referenceLoss = Double(nan: 1234, signaling: false)
    metrics.bayesIdentityZ = -1.5
    return TrialResult(outcome: .diverged, metrics: metrics, checkpoint: digest, steps: 1999, seconds: 2.75)
  }

  static var pause: TrialResult {
    var metrics = FinalMetrics()
    (metrics.trainLoss, metrics.validationLoss) = (0.4, 0.25)
    return TrialResult(
      outcome: .paused, metrics: metrics, checkpoint: digest, steps: 200, seconds: 0.5,
      curve: [
        MetricPoint(step: 100, trainLoss: 0.5, validationLoss: .infinity, learningRate: 0.02),
        MetricPoint(step: 200, trainLoss: 0.4, validationLoss: 0.25, learningRate: 0.01),
      ])
  }

  static var worker: [(name: String, message: WorkerMessage)] {
    [
      ("hello", .hello(hello)),
      ("heartbeat", .heartbeat(held: [held])),
      ("started", .started(address)),
      (
        "progress",
        .progress(
          address,
          points: [
            MetricPoint(step: 100, trainLoss: 0.5, validationLoss: 0.25, learningRate: 0.02),
            MetricPoint(step: 200, trainLoss: 0.4, validationLoss: .nan, learningRate: 0.01),
          ], step: 210, stepsPerSecond: 812.5)
      ),
      ("offer", .offer(address, CheckpointOffer(digest: digest, byteCount: 131_077, step: 200))),
      ("chunk", .chunk(chunk)),
      ("fetch", .fetch(digest, offset: 131_072)),
      ("result", .result(address, result)),
      ("failed", .failed(address, reason: "clip_norm is \"0\"; write a number above 0")),
      ("released", .released(address, reason: "SIGTERM")),
      ("goodbye", .goodbye(reason: "sweep finished")),
      // With the fields that came later, all optional.
      ("hello of a worker with a walltime and a spool", .hello(laterHello)),
      ("heartbeat before a walltime ends", .heartbeat(held: [held], remaining: .milliseconds(5_400_250))),
      ("release of a crashed attempt", .released(address, reason: "restarted", unclean: true)),
      ("hello of a worker that has said one before", .hello(repeatedHello)),
      ("result of a paused trial", .result(address, pause)),
      ("ready", .ready(WorkerSession(rawValue: 0xfeed_0000_0000_0001), digest)),
    ]
  }

  static var parameters: TrialParameters {
    var parameters = TrialParameters()
    parameters.task = .exponential(scale: 1)
    parameters.heads = Heads([.exp, .linear])
    parameters.learningRate = 0.007
    parameters.layerClip = LayerClip(scale: 1e-8, base: 9, switchStep: 8000, scaleAfter: 1e-7)
    parameters.covariance = [1, 1, 0.25, 2.25, 1]
    return parameters
  }

  static var coordinator: [(name: String, message: CoordinatorMessage)] {
    [
      (
        "welcome",
        .welcome(
          Welcome(
            version: 1, sweepName: "quickstart", epoch: 3, heartbeatInterval: .seconds(2), leaseDuration: .seconds(30)))
      ),
      ("refused", .refused(reason: "arithmetic version 2; this sweep runs on 1")),
      (
        "grant",
        .grant(
          TrialGrant(
            trial: TrialID(rawValue: 17), token: token, parameters: parameters, seed: Seed(rawValue: 2_147_483_649),
            stage: .reporting, threads: 2, resume: CheckpointOffer(digest: digest, byteCount: 131_077, step: 200),
            reference: CheckpointOffer(digest: BlobDigest(of: [9]), byteCount: 1, step: 500)))
      ),
      (
        "grant in a gang",
        .grant(
          TrialGrant(
            trial: TrialID(rawValue: 17), token: token, parameters: TrialParameters(), seed: Seed(rawValue: 1),
            stage: .tuning, threads: 1, resume: nil, reference: nil,
            gang: GrantedGang(first: LeaseToken(epoch: 3, counter: 40), size: 4)))
      ),
      ("pull", .pull(digest, offset: 131_072)),
      ("stored", .stored(address, digest)),
      ("not stored", .notStored(address, digest, reason: "disk full")),
      ("chunk", .chunk(chunk)),
      ("missing", .missing(digest, reason: "file not found")),
      ("acknowledged", .acknowledged(address)),
      ("fenced", .fenced(address)),
      ("cancel", .cancel(TrialID(rawValue: 17), token)),
      ("finish", .finish(reason: "all trials are done")),
      ("heard", .heard),
      ("hello wanted", .helloWanted),
      (
        "welcome to a sweep with an identity",
        .welcome(
          Welcome(
            version: 1, sweepName: "quickstart", epoch: 3, heartbeatInterval: .seconds(2), leaseDuration: .seconds(30),
            sweep: sweep))
      ),
      (
        "welcome of a coordinator that takes batches",
        .welcome(
          Welcome(
            version: 1, sweepName: "quickstart", epoch: 3, heartbeatInterval: .seconds(2), leaseDuration: .seconds(30),
            sweep: sweep, takesBatches: true))
      ),
      (
        "grant to a pause",
        .grant(
          TrialGrant(
            trial: TrialID(rawValue: 17), token: token, parameters: TrialParameters(), seed: Seed(rawValue: 1),
            stage: .tuning, threads: 1, resume: nil, reference: nil, until: 400))
      ),
      ("wanted", .wanted(digest)),
      (
        "welcome that names the bulk channel",
        .welcome(
          Welcome(
            version: 2, sweepName: "quickstart", epoch: 3, heartbeatInterval: .seconds(2), leaseDuration: .seconds(30),
            sweep: sweep, takesBatches: true, bulk: "tcp://*:7401"))
      ),
    ]
  }
}
