// The same work for several items at the same time, in threads that may wait for other machines.
import Foundation
import Synchronization

private final class Answers<Answer: Sendable>: Sendable {
  struct State {
    var next = 0
    var answers: [Answer?]
  }
  let state: Mutex<State>
  let finished = DispatchSemaphore(value: 0)
  init(count: Int) { state = Mutex(State(answers: Array(repeating: nil, count: count))) }
}

/// The answers to `work`, in the order of `items`; at most `width` at a time.
func inParallel<Item: Sendable, Answer: Sendable>(
  _ items: [Item], width: Int, _ work: @escaping @Sendable (Item) -> Answer
) -> [Answer] {
  let shared = Answers<Answer>(count: items.count)
  let threads = min(width, items.count)
  for _ in 0..<threads {
    Thread.detachNewThread {
      while true {
        let place = shared.state.withLock { state in
          defer { state.next += 1 }
          return state.next
        }
        guard place < items.count else { break }
        let answer = work(items[place])
        shared.state.withLock { $0.answers[place] = answer }
      }
      shared.finished.signal()
    }
  }
  for _ in 0..<threads { shared.finished.wait() }
  return shared.state.withLock { $0.answers.compactMap { $0 } }
}
