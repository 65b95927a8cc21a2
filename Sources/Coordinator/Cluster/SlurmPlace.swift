// Workers as jobs of Slurm: submitted while trials wait, found again by the name of the cluster.
import Cluster
import Foundation
import Shared

final class SlurmPlace: WorkerPlace {
  let interval = Duration.seconds(2)
  private static let longestClearing = Duration.seconds(90)
  private let job: SlurmJob
  private let script: String
  private var allocation: JobAllocation
  /// What the queue showed last, without what had ended.
  private var lastUnits: [ClusterUnit] = []
  /// Why it showed nothing the last time, which is told once.
  private var outage: CommandFailure?

  init(_ record: ClusterRecord, _ directory: ClusterDirectory) throws {
    job = try Self.job(record, directory)
    script = directory.path + "/worker.sbatch"
    allocation = JobAllocation(slots: job.slots, mostWaiting: record.plan.slurm.queued)
  }

  static func job(_ record: ClusterRecord, _ directory: ClusterDirectory) throws -> SlurmJob {
    SlurmJob(
      cluster: record.id, settings: record.plan.slurm, workers: record.plan.workers, endpoint: record.connect,
      program: try sharedWorker(directory), keys: directory.keys + "/workers/slurm", spools: directory.spools,
      logs: directory.logs)
  }

  /// Nodes may lack what the worker beside this program needs; the bundle has it all.
  private static func sharedWorker(_ directory: ClusterDirectory) throws -> String {
    WorkerBundle.find() == nil ? try workerExecutable() : "\(directory.path)/worker/attune-worker"
  }

  func forgive() { allocation.forgive() }

  private func units() throws(CommandFailure) -> [ClusterUnit] {
    let text = try ExternalCommand(
      ["squeue", "-h", "-r", "-t", "all", "--name=\(job.name)", "-O", SlurmQueue.format]
    ).succeed("squeue").output
    return SlurmQueue.units(in: text)
  }

  func tend(_ demand: ClusterDemand?, wanted: Int, at now: Duration) -> PlaceReport {
    var report = PlaceReport(units: lastUnits)
    do throws(CommandFailure) {
      report.units = try units()
      outage = nil
    } catch {
      // Controllers restart; nothing is decided without knowing what there is.
      if error != outage { report.notes = [error.description] }
      outage = error
      return report
    }
    let decision = allocation.decide(report.units, demand: demand, most: wanted, at: now)
    report.notes = decision.notes
    if !decision.cancel.isEmpty {
      _ = try? ExternalCommand(["scancel"] + decision.cancel).succeed("scancel")
      report.notes.append("cancelled \(countText(decision.cancel.count, "job")) for which there is no work")
    }
    if decision.submit > 0 {
      do {
        try Data(job.script.utf8).write(to: URL(fileURLWithPath: script), options: .atomic)
        let id =
          try ExternalCommand(
            ["sbatch", "--parsable", "--array=1-\(decision.submit)", script]
          ).succeed("sbatch").output.split(whereSeparator: { $0.isNewline || $0 == ";" }).first.map(String.init) ?? "?"
        report.notes.append("submitted \(countText(decision.submit, "job")): \(id)")
        report.units = try units()
      } catch { report.notes += allocation.couldNotSubmit("\(error)", at: now) }
    }
    lastUnits = report.units.filter { !$0.hasEnded }
    return report
  }

  func clear() -> [String] {
    let deadline = ContinuousClock.now + Self.longestClearing
    var problem = ""
    repeat {
      do throws(CommandFailure) {
        // SIGTERM first, so that workers give back what they hold; SIGKILL after Slurm's KillWait.
        try ExternalCommand(["scancel", "--name=\(job.name)"]).succeed("scancel")
        let left = try units().filter { !$0.hasEnded }
        if left.isEmpty { return [] }
        problem = "\(countText(left.count, "job")) named \(job.name) did not end"
      } catch { problem = "\(error)" }
      usleep(500_000)
    } while ContinuousClock.now < deadline
    return ["\(problem); look with: squeue --name=\(job.name)"]
  }
}
