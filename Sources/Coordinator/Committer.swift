// One commit at a time on a thread of its own, so that the loop goes on reading and deciding while a large one is on its way
// to the disk. What is said because of it waits for its end; the loop sees to that.
import Dispatch
import Messaging
import Shared
import Store
import Synchronization

final class Committer: Sendable {
  typealias Outcome = Result<SweepStore.Committed, StoreError>

  private let queue = DispatchQueue(label: "attune.commit")
  private let outcome = Mutex<Outcome?>(nil)
  private let ended = DispatchSemaphore(value: 0)
  private let wakeup: Wakeup

  init() throws(TransportError) { wakeup = try Wakeup() }

  /// For the owner's poll list: readable when a commit has ended.
  var descriptor: Int32 { wakeup.descriptor }

  /// Begins to commit. The store is this commit's until `take` or `wait` has returned its outcome.
  func begin(_ changes: [SweepChange], in store: SweepStore) {
    nonisolated(unsafe) let store = store
    queue.async { [self] in
      do throws(StoreError) {
        let committed = try store.transact(changes)
        outcome.withLock { $0 = .success(committed) }
      } catch {
        outcome.withLock { $0 = .failure(error) }
      }
      ended.signal()
      wakeup.signal()
    }
  }

  /// The outcome of the commit that was begun, or nil while it goes on.
  func take() -> Outcome? { ended.wait(timeout: .now()) == .success ? takeOutcome() : nil }

  /// The same, when it has ended.
  func wait() -> Outcome? {
    ended.wait()
    return takeOutcome()
  }

  private func takeOutcome() -> Outcome? {
    wakeup.clear()
    return outcome.withLock { $0.take() }
  }
}
