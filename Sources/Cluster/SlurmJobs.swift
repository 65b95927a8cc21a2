// Slurm's side of a worker: the script that sbatch takes, and how squeue's lines are read (Slurm's manual pages sbatch and
// squeue, 22.05).
import Shared

package struct SlurmJob: Sendable {
  package var cluster: String
  package var settings: ClusterPlan.Slurm
  package var workers: ClusterPlan.Workers
  /// Where workers find the coordinator.
  package var endpoint: String
  package var program: String
  package var keys: String
  /// Directories of the cluster on the shared file system.
  package var spools: String
  package var logs: String

  /// The cluster's jobs are found by it.
  package var name: String { "attune-\(cluster)" }

  package init(
    cluster: String, settings: ClusterPlan.Slurm, workers: ClusterPlan.Workers, endpoint: String, program: String,
    keys: String, spools: String, logs: String
  ) {
    (self.cluster, self.settings, self.workers, self.endpoint) = (cluster, settings, workers, endpoint)
    (self.program, self.keys, self.spools, self.logs) = (program, keys, spools, logs)
  }

  /// Trials that one job trains at a time.
  package var slots: Int { workers.slots ?? workers.threads ?? settings.cpus }

  /// What the job runs. A worker leaves by itself before the job's time is over. Slurm's SIGTERM before it kills a job that is
  /// cancelled, preempted or cut short makes it give back what it holds; `--signal` may come a minute early and is not asked
  /// for. A job that is put back into the queue comes to the same spool and hands over what is in there.
  package var script: String {
    var lines = ["#!/bin/sh"]
    func option(_ name: String, _ value: String?) { if let value { lines.append("#SBATCH --\(name)=\(value)") } }
    option("job-name", name)
    option("partition", settings.partition)
    option("account", settings.account)
    option("qos", settings.qos)
    option("constraint", settings.constraint)
    option("time", settings.time)
    option("ntasks", "1")
    option("cpus-per-task", "\(settings.cpus)")
    option("mem", settings.memory)
    lines.append("#SBATCH --requeue")
    option("open-mode", "append")
    option("output", "\(logs)/%A_%a.log")
    lines += settings.options.map { "#SBATCH \($0)" }
    if let setup = settings.setup { lines += ["", setup] }
    lines += [
      "",
      "export \(RemoteHost.mark)=\(RemoteHost.markValue(cluster: cluster, part: "job"))",
      "# What is left of the job's time, which a queue may have cut.",
      "task=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID",
      "left=$(squeue -h -j \"$task\" -o %L 2>/dev/null)",
      "case $left in *[0-9]:[0-9][0-9]) ;; *) left=\(clock(slurmSeconds(settings.time) ?? 3600)) ;; esac",
      "# Slurm sends SIGTERM to all of the job's processes; the worker then gives back what it holds, and this shell waits.",
      "trap : TERM",
      "\(quoted(program)) --connect \(quoted(endpoint)) --keys \(quoted(keys)) \\",
      "  --spool \(quoted(spools))/\"$task\" --walltime \"$left\" \\",
      "  --threads \(workers.threads ?? settings.cpus) --slots \(slots) &",
      "worker=$!",
      "while wait $worker; status=$?; kill -0 $worker 2>/dev/null; do :; done",
      "# Its time is over and the sweep goes on, in the next job: no failure of this one.",
      "[ $status != 75 ] || status=0",
      "exit $status",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  /// Of a time in seconds, `days-hours:minutes:seconds`.
  private func clock(_ seconds: Int) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(seconds / 86_400)-\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
  }
}

package enum SlurmQueue {
  /// What `squeue -O` is asked for: fields end with a bar.
  package static let format = "JobArrayID:|,State:|,exit_code:|,TimeUsed:|,NodeList:|,Reason:|"

  /// One unit per line of `squeue -h -r -t all -O format`; lines of another form are left out.
  package static func units(in text: String) -> [ClusterUnit] {
    text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
      guard fields.count >= 6, !fields[0].isEmpty else { return nil }
      let state = state(fields[1], waitStatus: Int(fields[2]) ?? 0)
      let age = Double(slurmSeconds(fields[3]) ?? 0)
      let detail = state == .waiting ? fields[5] : fields[4]
      return ClusterUnit(fields[0], state, detail: detail, age: state == .waiting ? 0 : age)
    }
  }

  /// - waitStatus: as wait(2) gives it.
  private static func state(_ word: String, waitStatus: Int) -> ClusterUnit.State {
    switch word {
    case "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "SUSPENDED",
      "RESV_DEL_HOLD":
      return .waiting
    case "RUNNING", "COMPLETING", "STOPPED", "SIGNALING", "RESIZING", "STAGE_OUT": return .running
    case "COMPLETED": return .ended(.left)
    case "TIMEOUT", "DEADLINE": return .ended(.walltime)
    case "CANCELLED", "PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "REVOKED":
      return .ended(.removed(word.lowercased().replacing("_", with: " ")))
    default:
      let code = waitStatus >> 8
      let signal = waitStatus & 127
      return .ended(.failed(signal > 0 ? "\(word) by signal \(signal)" : "\(word) with exit status \(code)"))
    }
  }
}
