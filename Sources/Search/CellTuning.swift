// The tuning of one cell, generation by generation: which candidate trains how far next, until one is chosen. A step is
// taken when all that the step before asked for has come, so that results alone decide, whoever brought them when.
import Shared

/// What is known of one tuning trial.
package struct TuningEvidence: Sendable {
  /// Its final loss: nil without a result yet or at all, +∞ where it diverged.
  package var loss: Double?
  /// In a terminal state.
  package var hasEnded: Bool
  /// What tuning compares, at every evaluation so far.
  package var curve: [(step: Int, loss: Double)]
  package init(loss: Double?, hasEnded: Bool, curve: [(step: Int, loss: Double)] = []) {
    (self.loss, self.hasEnded, self.curve) = (loss, hasEnded, curve)
  }
}

/// All tuning seeds of one candidate are to train so far.
package struct TuningDemand: Equatable, Sendable {
  /// Index into `CellTuning.configurations`.
  package let candidate: Int
  /// The step to pause at; nil trains to the end.
  package let until: Int?
}

package struct CellTuning: Sendable {
  /// Candidates that are judged against one another, and the rung that they are on their way to.
  private struct Group {
    var members: [Int]
    var rung: Int
  }

  private let cell: CellPlan
  /// All candidates so far; those that the plan lists come first.
  package private(set) var configurations: [TrialConfiguration]
  private var groups: [Group] = []
  /// Of configurations proposed from results.
  private var generation = 0
  /// ASHA: the rung that each candidate is on its way to or rests at.
  private var positions: [Int] = []

  package init(_ cell: CellPlan, _ plan: SweepPlan) {
    self.cell = cell
    configurations = cell.configurations
    guard configurations.count > 1 else { return }
    if plan.earlyTermination?.rule == .asha {
      positions = configurations.map { _ in 0 }
    } else {
      group(configurations.indices, plan)
    }
  }

  /// What is to be trained now; empty once the tuning has ended.
  package func demands(_ plan: SweepPlan) -> [TuningDemand] {
    positions.indices.map { TuningDemand(candidate: $0, until: rung(positions[$0], of: $0, plan)) }
      + groups.flatMap { group in
        group.members.map { TuningDemand(candidate: $0, until: rung(group.rung, of: $0, plan)) }
      }
  }

  /// Call when everything demanded has trained so far or ended. Afterwards `demands` has what comes next.
  /// - evidence: of a candidate's trials, in the order of tuning seeds.
  package mutating func advance(_ plan: SweepPlan, evidence: (Int) -> [TuningEvidence]) {
    // Whoever could go on did when the last of them arrived.
    guard positions.isEmpty else {
      positions = []
      return
    }
    var next: [Group] = []
    for group in groups {
      guard let early = plan.earlyTermination, let first = group.members.first,
        rung(group.rung, of: first, plan) != nil
      else { continue }
      let curves = group.members.map { candidate -> [[Double]?] in
        let until = rung(group.rung, of: candidate, plan) ?? .max
        return evidence(candidate).map { curve(of: $0, until: until) }
      }
      let survivors = early.survivors(curves: curves).map { group.members[$0] }
      if !survivors.isEmpty { next.append(Group(members: survivors, rung: group.rung + 1)) }
    }
    groups = next
    if groups.isEmpty { propose(plan, evidence) }
  }

  /// ASHA: lets those go on that are now among the best of the candidates that have arrived at their rung; where nothing is
  /// on its way and nobody has come to the end, the best of the highest rung. Returns whether anyone goes on.
  /// Source: Li et al. 2020, "A system for massively parallel hyperparameter tuning", algorithm 2.
  package mutating func promoteArrived(_ plan: SweepPlan, evidence: (Int) -> [TuningEvidence]) -> Bool {
    guard let early = plan.earlyTermination, early.rule == .asha, !positions.isEmpty else { return false }
    let trials = configurations.indices.map(evidence)
    func score(_ candidate: Int, at rung: Int) -> Double? {
      guard positions[candidate] >= rung, let until = self.rung(rung, of: candidate, plan),
        trials[candidate].allSatisfy({ $0.hasEnded || ($0.curve.last?.step ?? 0) >= until })
      else { return nil }
      return early.score(curves: trials[candidate].map { curve(of: $0, until: until) })
    }
    var next = positions
    var rest: (candidate: Int, score: Double)?
    var rung = 0
    while positions.contains(where: { $0 >= rung }) {
      let scores = positions.indices.map { score($0, at: rung) }
      for candidate in promotable(scores: scores, eta: early.eta) where positions[candidate] == rung {
        next[candidate] = rung + 1
      }
      let best = positions.indices.filter { positions[$0] == rung }.compactMap { candidate in
        scores[candidate].map { (candidate: candidate, score: $0) }
      }.min { $0.score < $1.score }
      rest = best ?? rest
      rung += 1
    }
    let isAnyoneTraining = positions.indices.contains { candidate in
      !trials[candidate].allSatisfy {
        $0.hasEnded || ($0.curve.last?.step ?? 0) >= self.rung(positions[candidate], of: candidate, plan) ?? .max
      }
    }
    let isAnyoneAtEnd = positions.indices.contains { self.rung(positions[$0], of: $0, plan) == nil }
    if next == positions, !isAnyoneTraining, !isAnyoneAtEnd, let rest { next[rest.candidate] += 1 }
    defer { positions = next }
    return next != positions
  }

  /// Of a cell that is tuned no further.
  package func selection(_ losses: (Int) -> [Double?]) -> CellSelection {
    guard configurations.count > 1 else { return .selected(0) }
    let selection = selectCandidate(losses: configurations.indices.map(losses))
    return selection.scores[selection.candidate] == nil ? .impossible : .selected(selection.candidate)
  }

  /// The curve that a rung judges; nil for a trial that failed.
  private func curve(of trial: TuningEvidence, until: Int) -> [Double]? {
    var losses = trial.curve.filter { $0.step <= until }.map(\.loss)
    if trial.hasEnded {
      guard let end = trial.loss else { return nil }
      // It diverged on its way here, or it ended before there were rungs and its curve is not known.
      if !end.isFinite || losses.isEmpty { losses.append(end) }
    }
    return losses
  }

  private func rung(_ index: Int, of candidate: Int, _ plan: SweepPlan) -> Int? {
    guard let early = plan.earlyTermination else { return nil }
    let parameters = configurations[candidate].parameters
    let rungs = early.rungs(steps: parameters.steps, evaluateEvery: parameters.evaluateEvery)
    return index < rungs.count ? rungs[index] : nil
  }

  /// Starts candidates, each in its bracket.
  private mutating func group(_ candidates: Range<Int>, _ plan: SweepPlan) {
    guard let early = plan.earlyTermination, let first = candidates.first else {
      groups = candidates.isEmpty ? [] : [Group(members: Array(candidates), rung: 0)]
      return
    }
    let parameters = configurations[first].parameters
    let rungs = early.rungs(steps: parameters.steps, evaluateEvery: parameters.evaluateEvery).count
    let brackets = early.brackets(count: candidates.upperBound, rungs: rungs)
    groups = Set(brackets[candidates]).sorted().map { bracket in
      Group(members: candidates.filter { brackets[$0] == bracket }, rung: bracket)
    }
  }

  /// The next generation of a method that learns from results.
  private mutating func propose(_ plan: SweepPlan, _ evidence: (Int) -> [TuningEvidence]) {
    guard let search = plan.search, configurations.count < search.configurations else { return }
    generation += 1
    let history = configurations.indices.map { candidate in
      SearchObservation(
        tuple: search.space.settled(plan.tuned.map { configurations[candidate].parameters.value(of: $0) }),
        score: score(evidence(candidate)))
    }
    let cell = cell
    let tuples = search.space.bayesGeneration(
      history: history, size: min(search.generation, search.configurations - configurations.count),
      seed: search.samplerSeed, generation: generation, admits: { plan.parameters(of: cell, tuple: $0) != nil })
    let first = configurations.count
    configurations += tuples.compactMap { plan.parameters(of: cell, tuple: $0) }.map { TrialConfiguration($0) }
    group(first..<configurations.count, plan)
  }

  /// Mean ln loss over tuning seeds, of a stopped candidate where it was stopped; nil where a trial failed.
  private func score(_ trials: [TuningEvidence]) -> Double? {
    meanLogarithm(
      trials.map { trial in
        if trial.hasEnded { return trial.loss.map { [$0] } }
        return trial.curve.last.map { [$0.loss] }
      }
    ) { $0.last }
  }
}

extension SweepPlan {
  /// Whether what is tuned depends on results, and not on the manifest alone.
  package var adaptsTuning: Bool { search != nil || earlyTermination != nil }

  /// The plan with all trials that stored results lead to: what the manifest lists, the generations that a method which
  /// learns has proposed, and the seeds that were added to undecided rows, as far as results are there. Everything that
  /// reads a sweep reads it by this plan.
  package func grown(by stored: some Sequence<TrialRecord>) -> SweepPlan {
    guard search != nil || replication != nil else { return self }
    var byIdentity: [TrialIdentity: TrialRecord] = [:]
    for record in stored where byIdentity[record.identity] == nil { byIdentity[record.identity] = record }
    var grown = self
    if search != nil { grown.growCandidates(byIdentity) }
    if replication != nil { grown.growSeeds(byIdentity) }
    return grown
  }

  private mutating func growCandidates(_ byIdentity: [TrialIdentity: TrialRecord]) {
    for index in cells.indices where cells[index].configurations.count > 1 {
      var tuning = CellTuning(cells[index], self)
      while true {
        let known = tuning.configurations.map { configuration in
          tuneSeeds.map { byIdentity[TrialIdentity(configuration: configuration.id, seed: $0)] }
        }
        // Those that a rung has stopped stay paused until the whole cell is tuned.
        guard known.joined().allSatisfy({ $0?.state.isTerminal == true || $0?.state == .paused }) else { break }
        let count = tuning.configurations.count
        tuning.proposeNext(self, known)
        if tuning.configurations.count == count { break }
      }
      cells[index].configurations = tuning.configurations
    }
  }
}

extension CellTuning {
  /// The next generation where all trials of those before have ended, whether they were stopped early or not.
  fileprivate mutating func proposeNext(_ plan: SweepPlan, _ known: [[TrialRecord?]]) {
    propose(plan) { candidate in
      known[candidate].map { record in
        guard let record else { return TuningEvidence(loss: nil, hasEnded: true) }
        return TuningEvidence(loss: plan.lastLoss(of: record), hasEnded: true)
      }
    }
  }
}

extension SweepPlan {
  /// What tuning compares, of a trial that was stopped early where it was stopped; nil for one without a result.
  fileprivate func lastLoss(of record: TrialRecord) -> Double? {
    guard let result = record.result, result.outcome == .paused else { return tuningLoss(of: record) }
    let loss = metric.name == .validationLoss ? result.metrics.validationLoss : result.metrics.trainLoss
    return loss.isFinite ? loss : .infinity
  }
}
