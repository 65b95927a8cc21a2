// The threads of one trial: they take chunks by index from a counter, so any number of them does the same work.
// A step is a fraction of a millisecond, so waiting threads spin for a while before they sleep.
import CMachine
import Foundation
import Synchronization

package final class WorkerPool: Sendable {
  package let threadCount: Int
  private let shared: Shared

  /// Everything the threads see. The job is written before `generation` grows and read after it was seen to grow.
  private final class Shared: @unchecked Sendable {
    let generation = Atomic<Int>(0)
    let next = Atomic<Int>(0)
    let running = Atomic<Int>(0)
    let sleepers = Atomic<Int>(0)
    let condition = NSCondition()
    var stopped = false
    var count = 0
    var body: (@Sendable (_ index: Int, _ thread: Int) -> Void)?
  }

  /// - threadCount: in all, with the calling thread; at least 1.
  package init(threadCount: Int) {
    self.threadCount = max(1, threadCount)
    shared = Shared()
    for thread in 1..<max(self.threadCount, 1) {
      let shared = shared
      let worker = Thread { Self.loop(shared, thread) }
      worker.stackSize = 1 << 20
      worker.name = "attune-pool-\(thread)"
      worker.start()
    }
  }

  deinit {
    shared.condition.lock()
    shared.stopped = true
    shared.generation.add(1, ordering: .releasing)
    shared.condition.broadcast()
    shared.condition.unlock()
  }

  /// Calls `body` once for every index below `count` and returns when all calls have. Not to be nested, and to be called
  /// from one thread at a time.
  package func run(count: Int, _ body: @escaping @Sendable (_ index: Int, _ thread: Int) -> Void) {
    guard threadCount > 1, count > 1 else {
      for index in 0..<count { body(index, 0) }
      return
    }
    shared.count = count
    shared.body = body
    shared.next.store(0, ordering: .relaxed)
    shared.running.store(threadCount - 1, ordering: .relaxed)
    shared.generation.add(1, ordering: .sequentiallyConsistent)
    if shared.sleepers.load(ordering: .sequentiallyConsistent) > 0 {
      shared.condition.lock()
      shared.condition.broadcast()
      shared.condition.unlock()
    }
    Self.take(shared, 0)
    var spins = 0
    while shared.running.load(ordering: .acquiring) > 0 {
      // Another process may hold the core of a thread that still works.
      if spins > 4000 { sched_yield() } else { machine_spin_hint() }
      spins += 1
    }
    shared.body = nil
  }

  private static func take(_ shared: Shared, _ thread: Int) {
    guard let body = shared.body else { return }
    while true {
      let index = shared.next.add(1, ordering: .relaxed).oldValue
      if index >= shared.count { return }
      body(index, thread)
    }
  }

  private static func loop(_ shared: Shared, _ thread: Int) {
    var seen = 0
    while true {
      var spins = 0
      while shared.generation.load(ordering: .acquiring) == seen, spins < 4000 {
        machine_spin_hint()
        spins += 1
      }
      if shared.generation.load(ordering: .acquiring) == seen {
        shared.condition.lock()
        shared.sleepers.add(1, ordering: .sequentiallyConsistent)
        while shared.generation.load(ordering: .sequentiallyConsistent) == seen { shared.condition.wait() }
        shared.sleepers.subtract(1, ordering: .relaxed)
        shared.condition.unlock()
      }
      // One generation at a time: the next begins only after every thread has finished this one.
      seen += 1
      if shared.stopped { return }
      take(shared, thread)
      shared.running.subtract(1, ordering: .releasing)
    }
  }
}
