// The suite that holds all others here, and the thread that they run on.
import Dispatch
import Testing

/// Its tests take turns: each starts several processes that want all cores.
@Suite(.serialized) struct EndToEnd {}

/// A thread of its own for tests that wait for processes and act the moment something is there to be seen. On the shared
/// pool a waiting test would block others, and busy ones would make it late.
@globalActor actor ProcessThread {
  static let shared = ProcessThread()
  private nonisolated let executor = QueueExecutor()
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
}

private final class QueueExecutor: SerialExecutor {
  private let queue = DispatchQueue(label: "end-to-end tests")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
