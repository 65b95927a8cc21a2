// The threads of one trial. Each begins with its own share of the chunks and then helps the others, so that any number
// of threads does the same work and a chunk's prompts stay in one core's cache from step to step.
// A step is a fraction of a millisecond: waiting threads spin, then yield, then sleep.
import CMachine
import Foundation
import Synchronization

package final class WorkerPool: Sendable {
  package let threadCount: Int
  private let team: Team

  /// - threadCount: in all, with the calling thread; at least 1.
  package init(threadCount: Int) {
    self.threadCount = max(1, threadCount)
    team = Team(threadCount: self.threadCount)
    for thread in 1..<self.threadCount {
      let team = team
      let worker = Thread { team.serve(thread) }
      worker.stackSize = 1 << 20
      worker.name = "attune-pool-\(thread)"
      worker.start()
    }
  }

  deinit { team.stop() }

  /// Calls `body` once for every index below `count` and returns when all calls have. Not to be nested, and to be called
  /// from one thread at a time.
  package func run(count: Int, _ body: @escaping @Sendable (_ index: Int, _ thread: Int) -> Void) {
    guard threadCount > 1, count > 1 else {
      for index in 0..<count { body(index, 0) }
      return
    }
    team.run(count, body)
  }
}

/// A counter that shares its cache line, and the line that processors fetch with it, with nothing.
private struct LoneCounter: ~Copyable {
  let value = Atomic<Int>(0)
  private let padding = (SIMD8<Int>(), SIMD4<Int>(), SIMD2<Int>(), 0)
}

/// Everything the threads of a pool see. `count` and `body` are written before `generation` grows and read after it was
/// seen to grow; they change again only when `busy` is back at zero.
private final class Team: @unchecked Sendable {
  private let threadCount: Int
  private let generation = LoneCounter()
  /// Threads, without the caller, that have not finished the present generation.
  private let busy = LoneCounter()
  /// Threads asleep, with the caller.
  private let sleepers = LoneCounter()
  /// The next index of each thread's share.
  private let next: UnsafeMutablePointer<LoneCounter>
  private let condition = NSCondition()
  private var stopped = false
  private var count = 0
  private var body: (@Sendable (_ index: Int, _ thread: Int) -> Void)?

  init(threadCount: Int) {
    self.threadCount = threadCount
    next = .allocate(capacity: threadCount)
    for thread in 0..<threadCount { (next + thread).initialize(to: LoneCounter()) }
  }

  deinit {
    next.deinitialize(count: threadCount)
    next.deallocate()
  }

  func run(_ count: Int, _ body: @escaping @Sendable (_ index: Int, _ thread: Int) -> Void) {
    self.count = count
    self.body = body
    for thread in 0..<threadCount { next[thread].value.store(start(of: thread), ordering: .relaxed) }
    busy.value.store(threadCount - 1, ordering: .relaxed)
    generation.value.add(1, ordering: .sequentiallyConsistent)
    wakeSleepers()
    work(0)
    wait { busy.value.load(ordering: .sequentiallyConsistent) == 0 }
    self.body = nil
  }

  func stop() {
    stopped = true
    generation.value.add(1, ordering: .sequentiallyConsistent)
    wakeSleepers()
  }

  /// What thread `thread` does until the pool ends.
  func serve(_ thread: Int) {
    var seen = 0
    while true {
      wait { generation.value.load(ordering: .sequentiallyConsistent) != seen }
      // One generation at a time: the next begins only after every thread has finished this one.
      seen += 1
      if stopped { return }
      work(thread)
      if busy.value.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { wakeSleepers() }
    }
  }

  private func start(of thread: Int) -> Int { count * thread / threadCount }

  /// Takes what is left of its own share, then of the next thread's, and so on around.
  private func work(_ thread: Int) {
    guard let body else { return }
    for distance in 0..<threadCount {
      let owner = (thread + distance) % threadCount
      let end = start(of: owner + 1)
      // Asking first leaves the line of a finished share with every thread that looks at it.
      while next[owner].value.load(ordering: .relaxed) < end {
        let index = next[owner].value.add(1, ordering: .relaxed).oldValue
        if index >= end { break }
        body(index, thread)
      }
    }
  }

  /// Returns when `isOver` is true, which must stay true until this thread goes on. A few microseconds of spinning cover
  /// the gap between two steps. Then whoever waits offers its core: the thread it waits for may have lost its own to
  /// another process. After a tenth of a millisecond or so it sleeps, so that a pool without work costs nothing.
  private func wait(_ isOver: () -> Bool) {
    for _ in 0..<60 {
      if isOver() { return }
      machine_spin_hint()
    }
    for _ in 0..<100 {
      if isOver() { return }
      sched_yield()
      for _ in 0..<10 where !isOver() { machine_spin_hint() }
    }
    condition.lock()
    // Announced before the last look, as whoever ends the wait changes its counter before it looks for sleepers.
    sleepers.value.add(1, ordering: .sequentiallyConsistent)
    while !isOver() { condition.wait() }
    sleepers.value.subtract(1, ordering: .sequentiallyConsistent)
    condition.unlock()
  }

  private func wakeSleepers() {
    guard sleepers.value.load(ordering: .sequentiallyConsistent) > 0 else { return }
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }
}
