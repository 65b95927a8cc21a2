// Who a worker is and how patient it is: set once at the start.
import Messaging
import Shared

package struct WorkerConfiguration: Sendable {
  package var session: WorkerSession
  /// Where the coordinator was found.
  package var endpoint: EndpointAddress
  /// Where its bulk channel is, if not where it says.
  package var bulkEndpoint: EndpointAddress?
  /// Of the process before on the same spool, which is gone.
  package var previous: WorkerSession?
  package var host: String
  package var processID: Int
  /// Trials at the same time.
  package var slots: Int
  /// Threads over all slots.
  package var threads: Int
  package var instructionSet: String

  /// Until the coordinator has said otherwise.
  package var heartbeatInterval = Duration.seconds(2)
  package var leaseDuration = Duration.seconds(30)
  /// First and longest wait for the answer to a hello.
  package var helloPatience = Duration.seconds(5)
  package var longestHelloPatience = Duration.seconds(30)
  /// Between two progress messages of one trial.
  package var progressInterval = Duration.milliseconds(250)
  /// Before a needed checkpoint that could not be stored is offered again.
  package var offerRetryInterval = Duration.seconds(5)
  /// The bulk channel is left after so long without a use.
  package var bulkIdleLimit = Duration.seconds(10)
  /// A worker whose checkpoints find no way for so long, while control answers, ends instead of holding its trials.
  package var bulkPatience: Duration { min(patience, .seconds(600)) }
  /// Before a fetch without answer is repeated.
  package var fetchPatience = Duration.seconds(10)
  /// How long a draining worker waits for acknowledgements.
  package var drainLimit = Duration.seconds(10)
  /// A worker without contact for so long ends, instead of running for nobody for ever.
  package var patience = Duration.seconds(600)
  /// Counted from the start; the worker has left when it is over.
  package var walltime: Duration?
  /// Whether what is not acknowledged is written to a spool.
  package var keepsSpool = false
  /// Between two checkpoints of one training that are written there; its end is written in any case.
  package var interimInterval = Duration.seconds(2)
  /// Bytes of reference checkpoints kept for later trials of the same cell.
  package var blobCacheBytes = 64 << 20

  package init(
    session: WorkerSession, endpoint: EndpointAddress, host: String, processID: Int, slots: Int, threads: Int,
    instructionSet: String
  ) {
    self.session = session
    self.endpoint = endpoint
    self.host = host
    self.processID = processID
    self.slots = slots
    self.threads = threads
    self.instructionSet = instructionSet
  }

  /// Announced to the coordinator. Grants beyond the slots wait here, so that a slot need not wait for the way to the
  /// coordinator and back; those beyond this number are given back at once.
  package var credit: Int { min(4 * slots + 16, WireLimits.heldTrials) }

  func threads(for grant: TrialGrant) -> Int {
    grant.threads > 0 ? min(grant.threads, threads) : max(1, threads / slots)
  }
}
