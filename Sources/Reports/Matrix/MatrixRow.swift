// One row of the matrix: a task at one value of every further axis, all columns compared with one another.
// The tests of docs/science.md §8.4–8.6 are applied here.
import Search
import Shared

package struct MatrixRow: Sendable {
  /// Every axis but the columns', in the plan's order.
  package let coordinates: [Coordinate]
  /// `relu`, or `relu, context 8` with further axes.
  package let label: String
  /// The axis of the columns; nil where the row is one cell.
  package let columns: ParameterName?
  /// In the order of the columns.
  package let cells: [MatrixCell]
  package let bestSet: BestSet
  /// What the selected configurations learn or are measured on and should not differ in, because no axis of the row does.
  /// Not empty, the row compares and decides nothing.
  package let differences: [ParameterName]
  /// Index into `cells` of the smallest mean ln test loss; nil before the first result, where every run diverged, and
  /// where the cells are not comparable.
  package let leader: Int?
  /// Index into `cells` of the second smallest.
  package let runnerUp: Int?
  /// Trials of the row's cells that are not yet ended. Above 0 nothing is excluded: testing again and again while seeds
  /// come in declares false winners (docs/science.md §8.8).
  package let pending: Int
  package let settings: ReportSettings
  /// Per cell: whether it gets more reporting seeds and why; nil where their number was fixed beforehand.
  package let replication: [ReplicationStep]?

  package var isComparable: Bool { differences.isEmpty }
  package var isDecided: Bool { pending == 0 && isComparable }
  /// There are results, and all of them are diverged runs.
  package var hasOnlyDivergedRuns: Bool { Self.hasOnlyDivergedRuns(cells.map(\.measured)) }
  /// Some cell stays in the best set only because its attainable reference is not beaten: better training may change the
  /// answer (docs/science.md §8.6).
  package var isOptimiserLimited: Bool { isDecided && cells.indices.contains { bestSet.isSavedByReference($0) } }
  package var hasTooFewSeeds: Bool { cells.contains(where: \.hasTooFewSeeds) }
  package var best: [MatrixCell] { cells.filter(\.inBestSet) }
  /// Index into `cells` of the activation that equals the task's kernel.
  package var matched: Int? { cells.firstIndex(where: \.measured.isMatched) }

  init(
    coordinates: [Coordinate], columns: ParameterName?, cells measured: [CellMeasurement], settings: ReportSettings,
    replication: Replication? = nil
  ) {
    self.coordinates = coordinates
    self.columns = columns
    self.settings = settings
    label = Self.label(coordinates, measured)
    let differences = Problem.differences(measured.compactMap(\.problem), besides: columns)
    self.differences = differences
    let sequential = replication.map { replication in
      SequentialRow(
        cells: measured.map { SequentialCell($0.scores) }, confidence: settings.confidence,
        tieMargin: settings.tieMargin, horizon: replication.horizon)
    }
    self.replication = replication.flatMap { replication in
      sequential.map { replication.nextSeeds($0, isComparable: differences.isEmpty) }
    }
    let bestSet = BestSet(
      measured.map(\.contender), confidence: settings.confidence, isComparable: differences.isEmpty,
      sequential: sequential)
    self.bestSet = bestSet
    let pending = measured.reduce(0) { $0 + $1.pending }
    self.pending = pending
    let anyLeads = differences.isEmpty && !Self.hasOnlyDivergedRuns(measured)
    let ranked =
      anyLeads
      ? measured.indices.filter { measured[$0].lnTestLoss != nil }
        .sorted { mean(measured[$0]) < mean(measured[$1]) } : []
    // Cells with different numbers of seeds are compared on those they share.
    let leader = anyLeads ? bestSet.sequential?.leader ?? ranked.first : nil
    self.leader = leader
    runnerUp = ranked.first { $0 != leader }
    cells = measured.indices.map { index in
      let decided = pending == 0 && differences.isEmpty
      let equivalence = leader.flatMap { leader -> EquivalenceTest? in
        guard index != leader else { return nil }
        return Self.equivalence(
          measured[index], leader: measured[leader], margin: settings.tieMargin,
          p: bestSet.sequential?.p(ofTie: index, leader))
      }
      let rival = bestSet.strongestRival(of: index)
      let stays = measured[index].lnTestLoss != nil && !bestSet.isExcluded(index)
      let tooFewSeeds = bestSet.hasTooFewSeeds(index)
      return MatrixCell(
        measured: measured[index], isLeader: index == leader, inBestSet: !decided || stays,
        isMarkedBest: leader != nil && decided && stays && !tooFewSeeds, hasTooFewSeeds: tooFewSeeds,
        verdict: Self.verdict(index, leader, bestSet, equivalence, decided: decided),
        status: Self.status(index, measured[index], bestSet, decided: decided), strongestRival: rival, pRaw: rival?.p,
        pAdjusted: bestSet.adjustedP(of: index), equivalence: equivalence)
    }
  }

  private static func hasOnlyDivergedRuns(_ cells: [CellMeasurement]) -> Bool {
    let present = cells.flatMap(\.present)
    return !present.isEmpty && present.allSatisfy(\.isDiverged)
  }

  private static func label(_ coordinates: [Coordinate], _ cells: [CellMeasurement]) -> String {
    let parts = coordinates.map { coordinate in
      let text = shortened(coordinate.text, to: spokenNameLength)
      return coordinate.role == .rows ? text : "\(coordinate.axis.rawValue) \(text)"
    }
    if coordinates.contains(where: { $0.role == .rows }) { return parts.joined(separator: ", ") }
    let task = shortened(cells.first?.taskText ?? "", to: spokenNameLength)
    return ([task] + parts).joined(separator: ", ")
  }

  private static func equivalence(
    _ cell: CellMeasurement, leader: CellMeasurement, margin: Double, p: Double?
  ) -> EquivalenceTest? {
    let differences = zip(cell.scores, leader.scores).compactMap { own, other -> Double? in
      guard let own, let other else { return nil }
      return own.normalisedExcess - other.normalisedExcess
    }
    return p.map { EquivalenceTest(differences: differences, margin: margin, p: $0) }
      ?? EquivalenceTest(differences: differences, margin: margin)
  }

  private static func verdict(
    _ index: Int, _ leader: Int?, _ set: BestSet, _ equivalence: EquivalenceTest?, decided: Bool
  ) -> Verdict {
    if index == leader { return .leader }
    guard decided, let leader else { return .unresolved }
    // Only where the sign-flip test could have decided as well: two seeds that happen to agree are no tie.
    if let equivalence, equivalence.p <= set.alpha, !set.hasTooFewSeeds(index) { return .tied }
    if set.sequential != nil { return set.isExcluded(index) ? .worse : .unresolved }
    if let pair = set.pair(leader, beats: index), set.excludes(pair.guardedP) { return .worse }
    if let pair = set.pair(index, beats: leader), set.excludes(pair.guardedP) { return .better }
    return .unresolved
  }

  private static func status(
    _ index: Int, _ cell: CellMeasurement, _ set: BestSet, decided: Bool
  ) -> CellStatus {
    if cell.pending > 0 { return .pending }
    if cell.divergedCount > 0 { return .diverged }
    if cell.present.isEmpty || set.hasTooFewSeeds(index) { return .tooFewSeeds }
    if cell.optimiserLimit?.isExceeded == true || set.isSavedByReference(index) { return .optimiserLimited }
    return .ok
  }
}

private func mean(_ cell: CellMeasurement) -> Double { cell.lnTestLoss?.mean ?? .infinity }
