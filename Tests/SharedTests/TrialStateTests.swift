// The legal changes of a trial's state.
import Shared
import Testing

@Suite struct TrialStateTests {
  @Test func `terminal states are sticky, but what was stopped early may go on in a later edition of the sweep`() {
    #expect(TrialState.allCases.filter { TrialState.pruned.mayBecome($0) } == [.pending])
    for state in TrialState.allCases where state.isTerminal && state != .pruned {
      for next in TrialState.allCases { #expect(!state.mayBecome(next)) }
    }
  }

  @Test func `no state becomes itself`() {
    for state in TrialState.allCases { #expect(!state.mayBecome(state)) }
  }

  @Test func `success comes only after a result was committed`() {
    #expect(TrialState.allCases.filter { $0.mayBecome(.succeeded) } == [.committing])
  }

  @Test func `pruned trials were paused before`() {
    #expect(TrialState.allCases.filter { $0.mayBecome(.pruned) } == [.paused])
  }

  @Test func `only a pending trial is leased`() {
    #expect(TrialState.allCases.filter { $0.mayBecome(.leased) } == [.pending])
  }

  @Test func `every state that is not terminal can return to the queue or is in it`() {
    for state in TrialState.allCases where !state.isTerminal && state != .pending {
      #expect(state.mayBecome(.pending))
    }
  }

  @Test func `every state leads to an end`() {
    for state in TrialState.allCases where !state.isTerminal {
      var reached: Set<TrialState> = [state]
      for _ in TrialState.allCases {
        reached.formUnion(TrialState.allCases.filter { next in reached.contains { $0.mayBecome(next) } })
      }
      #expect(reached.contains { $0.isTerminal })
    }
  }
}
