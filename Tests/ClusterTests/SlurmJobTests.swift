// The script that sbatch takes, and squeue's lines.
import Cluster
import Shared
import Testing

@Suite struct SlurmJobTests {
  private func job(_ change: (inout ClusterPlan.Slurm) -> Void = { _ in }) -> SlurmJob {
    var settings = ClusterPlan.Slurm()
    change(&settings)
    return SlurmJob(
      cluster: "1f", settings: settings, workers: ClusterPlan.Workers(), endpoint: "tcp://head:7400",
      program: "/shared/it's here/attune-worker", keys: "/shared/keys", spools: "/shared/spools", logs: "/shared/logs")
  }

  @Test func `the script says what sbatch needs and nothing that was not asked for`() {
    let script = job {
      $0.partition = "long"
      $0.time = "2:00:00"
      $0.options = ["--exclusive"]
      $0.setup = "module load gcc"
    }.script
    for line in [
      "#SBATCH --job-name=attune-1f", "#SBATCH --partition=long", "#SBATCH --time=2:00:00", "#SBATCH --cpus-per-task=4",
      "#SBATCH --requeue", "#SBATCH --output=/shared/logs/%A_%a.log",
      "#SBATCH --exclusive", "module load gcc",
    ] { #expect(script.contains(line + "\n"), "\(line)") }
    for word in ["account", "--mem", "qos"] { #expect(!script.contains(word)) }
    #expect(script.contains("left=0-02:00:00"))
    // A path is one word for the shell, whatever it holds.
    #expect(script.contains(#"'/shared/it'\''s here/attune-worker' --connect 'tcp://head:7400'"#))
  }

  @Test func `a job trains as many trials at a time as it has cores, unless the file says otherwise`() {
    #expect(job { $0.cpus = 8 }.slots == 8)
    var other = job { $0.cpus = 8 }
    other.workers.slots = 2
    #expect(other.slots == 2 && other.script.contains("--threads 8 --slots 2 &\n"))
  }

  @Test func `states of the queue are read with how long a job ran and how it ended`() {
    let lines = """
      12_1|PENDING|0|0:00||Priority|
      12_2|RUNNING|0|1-02:03:04|node[1-2]|None|
      12_3|TIMEOUT|0|0:41|n1|TimeLimit|
      12_4|FAILED|32512|0:01|n1|NonZeroExitCode|
      12_5|COMPLETED|0|3:00|n1|None|
      12_6|CANCELLED|15|0:10|n1|None|
      12_7|NODE_FAIL|0|0:10|n2|NodeDown|
      12_8|OUT_OF_MEMORY|9|0:10|n2|OutOfMemory|
      slurm_load_jobs error: Unable to contact slurm controller
      """
    let units = SlurmQueue.units(in: lines)
    #expect(
      units == [
        ClusterUnit("12_1", .waiting, detail: "Priority"),
        ClusterUnit("12_2", .running, detail: "node[1-2]", age: 93_784),
        ClusterUnit("12_3", .ended(.walltime), detail: "n1", age: 41),
        ClusterUnit("12_4", .ended(.failed("FAILED with exit status 127")), detail: "n1", age: 1),
        ClusterUnit("12_5", .ended(.left), detail: "n1", age: 180),
        ClusterUnit("12_6", .ended(.removed("cancelled")), detail: "n1", age: 10),
        ClusterUnit("12_7", .ended(.removed("node fail")), detail: "n2", age: 10),
        ClusterUnit("12_8", .ended(.failed("OUT_OF_MEMORY by signal 9")), detail: "n2", age: 10),
      ])
  }
}
