// Machines of different speed: who gets the long trials, and when the sweep ends for it.
import Scheduling
import Shared
import Testing

@Suite struct SpeedTests {
  /// Trials of eight shapes, the longest eight times the shortest, played to their end by workers of these speeds.
  /// Returns the end and the seconds of all work on a worker of speed 1, and the mean length granted to each worker in the
  /// first half, after a few.
  private func play(speeds: [Double], seeds: Int = 20) throws -> (end: Double, work: Double, means: [Double]) {
    // Four activations are a shape of network each, as are one and two layers: seconds by both.
    // Prompts of its own for every cell: trials that share prompts go out together, whatever their lengths.
    var plan = makePlan(cells: 8, candidates: 1, tune: 0, report: seeds)
    plan.cells = plan.cells.enumerated().map { place, cell in
      var parameters = cell.candidates[0]
      parameters.context = 4 + place
      return CellPlan(id: cell.id, coordinates: cell.coordinates, candidates: [parameters])
    }
    let harness = SchedulerHarness(plan)
    for number in speeds.indices { harness.connect(session(UInt64(number + 1))) }
    var running: [(end: Double, grant: TrialGrant, worker: WorkerSession)] = []
    var time = 0.0, work = 0.0
    // Members of a gang share their slot's time.
    var free = [Double](repeating: 0, count: speeds.count)
    var lengths: [[Double]] = Array(repeating: [], count: speeds.count)
    func length(_ grant: TrialGrant) -> Double {
      let place = Activation.classic.firstIndex { Heads([$0]) == grant.parameters.heads } ?? 0
      return 10 * Double(place + 1 + 4 * (grant.parameters.layers - 1))
    }
    var count = 0
    while true {
      while let (grant, worker) = harness.nextGrant() {
        let place = Int(worker.rawValue) - 1
        free[place] = max(time, free[place]) + length(grant) / speeds[place]
        running.append((free[place], grant, worker))
        work += length(grant)
        count += 1
        if (20..<80).contains(count) { lengths[place].append(length(grant)) }
      }
      guard let next = running.indices.min(by: { running[$0].end < running[$1].end }) else { break }
      let (end, grant, worker) = running.remove(at: next)
      // In steps that keep leases.
      while time < end {
        let step = min(10, end - time)
        time += step
        harness.advance(.seconds(step))
        for (_, grant, worker) in running + [(end, grant, worker)] {
          harness.say(
            .heartbeat(held: [HeldTrial(trial: grant.trial, token: grant.token, step: 1)]), from: worker)
        }
      }
      let name = "final of \(grant.trial)"
      harness.say(.started(harness.address(grant)), from: worker)
      harness.storeCheckpoint(grant, name, step: 100, from: worker)
      var result = makeResult(name)
      result.seconds = length(grant) / speeds[Int(worker.rawValue) - 1]
      harness.say(.result(harness.address(grant), result), from: worker)
    }
    #expect(harness.finished)
    let means = lengths.map { $0.reduce(0, +) / Double(max(1, $0.count)) }
    return (time, work, means)
  }

  @Test func `long trials go to fast workers`() throws {
    let (_, _, means) = try play(speeds: [4, 1, 1, 4])
    #expect(min(means[0], means[3]) > 1.5 * max(means[1], means[2]), "\(means)")
  }

  @Test func `sweeps end sooner for it than in the order of the queue`() throws {
    var ratios: [Double] = []
    for speeds in [[4.0, 1, 1, 4], [4, 1], [1, 2, 4, 8], [1, 1, 1, 3]] {
      for seeds in 3...12 {
        let (end, work, _) = try play(speeds: speeds, seeds: seeds)
        // The earliest moment possible is when nobody ever waits.
        ratios.append(end / (work / speeds.reduce(0, +)))
      }
    }
    // In the order of the queue it is 1.12.
    let mean = ratios.reduce(0, +) / Double(ratios.count)
    #expect(mean < 1.09, "\(mean)")
  }

  @Test func `workers that are about equally fast take trials in the order of the queue`() throws {
    let (_, _, means) = try play(speeds: [1, 1.1, 1.05])
    #expect((means.max() ?? 0) < 1.3 * (means.min() ?? 0), "\(means)")
  }
}
