// The states of a trial and every legal change between them (docs/design.md, Trials; docs/messaging.md, Delivery).
// One exhaustive switch: a change that is not listed is refused, and terminal states are sticky.

package enum TrialState: String, CaseIterable, Hashable, Codable, Sendable {
  /// Waiting to be granted.
  case pending
  /// Granted to a worker that has not said it started.
  case leased
  /// A worker trains it.
  case running
  /// Its result has arrived and is being made durable.
  case committing
  /// Stopped early by a rung; may go on.
  case paused
  /// Trained to the end; the outcome says whether the loss stayed finite.
  case succeeded
  case failed
  /// Ended the process of too many workers; not granted again.
  case quarantined
  case cancelled
  /// Paused when the sweep ended.
  case pruned

  package var isTerminal: Bool {
    switch self {
    case .pending, .leased, .running, .committing, .paused: false
    case .succeeded, .failed, .quarantined, .cancelled, .pruned: true
    }
  }

  /// Whether a trial may go from this state to `next`.
  package func mayBecome(_ next: TrialState) -> Bool {
    switch (self, next) {
    case (.pending, .leased), (.pending, .cancelled), (.pending, .paused): true
    case (.leased, .running), (.leased, .pending), (.leased, .committing), (.leased, .failed), (.leased, .quarantined),
      (.leased, .cancelled), (.leased, .paused):
      true
    case (.running, .committing), (.running, .pending), (.running, .paused), (.running, .failed),
      (.running, .quarantined), (.running, .cancelled):
      true
    case (.committing, .succeeded), (.committing, .failed), (.committing, .pending): true
    case (.paused, .pending), (.paused, .cancelled), (.paused, .pruned): true
    // A later edition of the manifest may want to see more of it.
    case (.pruned, .pending): true
    case (.pending, _), (.leased, _), (.running, _), (.committing, _), (.paused, _): false
    case (.succeeded, _), (.failed, _), (.quarantined, _), (.cancelled, _), (.pruned, _): false
    }
  }
}

/// Why a trial is run.
package enum TrialStage: String, CaseIterable, Hashable, Codable, Sendable {
  /// A candidate configuration on a tuning seed; judged by validation loss.
  case tuning
  /// The cell's attainable reference: the best isotropic network (docs/science.md §7).
  case reference
  /// The selected configuration on a reporting seed; judged on test prompts that chose nothing.
  case reporting
}
