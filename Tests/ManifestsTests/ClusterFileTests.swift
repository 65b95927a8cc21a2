// What a cluster file may say, and that nothing in it becomes an option or a command of another program.
import Manifests
import Shared
import Testing

@Suite struct ClusterFileTests {
  private func issues(_ text: String) -> [String] {
    do throws(ManifestError) {
      _ = try parseClusterFile(text, path: "c.yaml")
      return []
    } catch { return error.issues.map { "\($0.line ?? 0): \($0.finding); \($0.remedy)" } }
  }

  @Test func `hosts, sizes and addresses are read, and what is left out has its default`() throws {
    let plan = try parseClusterFile(
      """
      on: ssh
      coordinator: {address: 10.0.0.1, port: 7400, dashboard: "127.0.0.1:8080", lease: 10s}
      workers: {slots: 2}
      ssh:
        hosts: [node1, me@node2, {host: node3, threads: 8}]
      """, path: "c.yaml")
    #expect(plan.place == .ssh && plan.coordinator.port == 7400 && plan.coordinator.lease == "10s")
    #expect(plan.ssh.hosts.map(\.name) == ["node1", "me@node2", "node3"])
    #expect(plan.ssh.hosts[2].threads == 8 && plan.workers.slots == 2)
    #expect(plan.count(at: .ssh) == 3 && plan.count(at: .slurm) == 1)
    #expect(plan.ssh.directory == ".attune" && plan.slurm.queued == 4)
  }

  @Test func `every mistake is told at once, with its line and what was meant`() {
    #expect(
      issues(
        """
        on: slrum
        workers: {count: -1}
        slurm:
          partitoin: long
          time: soon
          options: [exclusive]
        hosts: [a]
        """) == [
          "1: on is \"slrum\"; did you mean slurm?",
          "2: count is \"-1\"; write a whole number from 0 to 10000",
          "4: \"partitoin\" is not a key of slurm; did you mean partition?",
          "5: time is \"soon\"; write a time from a minute on, such as 30:00, 2:00:00 or 1-12:00:00",
          "6: an option is \"exclusive\"; write it as sbatch takes it, as --exclusive",
          "7: \"hosts\" is not a key of a cluster file; write one of on, coordinator, workers, ssh, slurm, kubernetes",
        ])
  }

  @Test(arguments: [
    "ssh: {hosts: [\"-oProxyCommand=evil\"]}", "ssh: {hosts: [\"a b\"]}", "ssh: {hosts: [\"$(evil)\"]}",
    "ssh: {hosts: [a], directory: ../..}", "ssh: {hosts: [a], directory: /}", "ssh: {hosts: [a], directory: .}",
    "ssh: {hosts: [a], directory: \"x;evil\"}", "slurm: {partition: \"a\\n#SBATCH --uid=0\"}",
    "slurm: {options: [\"--x\\nevil\"]}", "kubernetes: {image: \"a' evil\"}", "kubernetes: {namespace: --all}",
    "coordinator: {address: \"h --keys x\"}", "ssh: {hosts: [a, a]}", "ssh: {hosts: []}", "slurm: {time: 0:30}",
  ])
  func `what would be an option or a command elsewhere is refused`(text: String) {
    #expect(issues(text).count == 1, "\(issues(text))")
  }

  @Test(arguments: [
    ("30", 1800), ("1:30", 90), ("2:00:00", 7200), ("1-12", 129_600), ("1-2:03", 93_780), ("0-0:0:5", 5),
  ])
  func `times are those of sbatch`(text: String, seconds: Int) { #expect(slurmSeconds(text) == seconds) }

  @Test(arguments: ["", "soon", "1:2:3:4", "-5", "1-", "-1", "1:", "9999999999", "1-2-3", "²"])
  func `other times are none`(text: String) { #expect(slurmSeconds(text) == nil) }

  @Test func `the cluster files that come along are read`() throws {
    for name in ["local", "ssh", "slurm", "kubernetes"] {
      let path = "\(#filePath)".replacing("Tests/ManifestsTests/ClusterFileTests.swift", with: "cluster/\(name).yaml")
      #expect(try loadClusterFile(at: path).place?.rawValue == name)
    }
  }
}
