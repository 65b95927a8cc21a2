// `attune cluster` on this machine: every process of it may be killed, and `down` leaves nothing of any of them.
// The same with real Slurm and real sshd: cluster/slurm/test and cluster/ssh/test.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Cluster {
    private static let file = "on: local\nworkers: {count: 2, threads: 1}\ncoordinator: {lease: 2s}\n"

    private func start(_ sweep: TinySweep, in directory: TestDirectory) throws {
      try directory.write(sweep.yaml, to: "tiny.yaml")
      try directory.write(Self.file, to: "cluster.yaml")
      try up(in: directory)
    }

    private func up(in directory: TestDirectory) throws {
      let ended = try RunningProgram(["cluster", "up", "cluster.yaml", "tiny.yaml", "--out", "out"], in: directory)
        .end()
      #expect(ended.exitCode == 0, "\(ended.errors)")
    }

    private func down(in directory: TestDirectory) throws -> EndedProgram {
      try RunningProgram(["cluster", "down", "out"], in: directory).end(limit: .seconds(60))
    }

    private func name(of directory: TestDirectory) throws -> String {
      struct Record: Decodable { var id: String }
      return try JSONDecoder().decode(Record.self, from: Data(try directory.read("out/cluster/cluster.json").utf8)).id
    }

    /// Of the cluster in `directory`, by part.
    private func processes(in directory: TestDirectory) throws -> [String: [pid_t]] { marked(try name(of: directory)) }

    private func marked(_ id: String) -> [String: [pid_t]] {
      var found: [String: [pid_t]] = [:]
      let mark = "ATTUNE_CLUSTER=\(id)/"
      for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
        guard let process = pid_t(name), let data = FileManager.default.contents(atPath: "/proc/\(name)/environ") else {
          continue
        }
        for entry in data.split(separator: 0).map({ String(decoding: $0, as: UTF8.self) }) where entry.hasPrefix(mark) {
          found[String(entry.dropFirst(mark.count)), default: []].append(process)
        }
      }
      return found
    }

    @Test func `whatever of a cluster is killed comes back, and the sweep ends with the digest of an undisturbed run`()
      throws
    {
      let directory = try TestDirectory()
      let sweep = TinySweep.faulty
      try start(sweep, in: directory)
      let first = try processes(in: directory)
      #expect(Set(first.keys) == ["tender", "coordinator", "local-1", "local-2"])
      // The coordinator's dashboard has its mark, too.
      for process in first["coordinator"] ?? [] { kill(process, SIGKILL) }
      for process in first["local-2"] ?? [] { kill(process, SIGKILL) }
      try waitUntil("coordinator and worker are back") {
        let now = try processes(in: directory)
        return now["coordinator"].map { Set($0).isDisjoint(with: first["coordinator"] ?? []) } == true
          && now["local-2"].map { Set($0).isDisjoint(with: first["local-2"] ?? []) } == true
      }
      // Without the process that looks after it, the rest goes on; the next `up` looks after it again.
      for process in first["tender"] ?? [] { kill(process, SIGKILL) }
      let before = try processes(in: directory)
      try up(in: directory)
      let after = try processes(in: directory)
      #expect(after["local-1"] == before["local-1"] && after["local-2"] == before["local-2"])
      #expect(after["tender"] != nil && after["tender"] != first["tender"])
      try waitUntil("the sweep has ended", limit: .seconds(120)) {
        let status = try RunningProgram(["cluster", "status", "out", "--json"], in: directory).end().output
        return status.contains("\"ended\":\"the sweep has ended\"")
      }
      #expect(try processes(in: directory) == [:])
      #expect(!directory.contains("out/cluster/keys"))
      let digest = try RunningProgram(["digest", "out"], in: directory).end().output
      #expect(digest.contains(try sweep.undisturbedDigest))
      let audit = try RunningProgram(["audit", "out"], in: directory).end()
      #expect(audit.exitCode == 0, "\(audit.output)")
      #expect(try down(in: directory).exitCode == 0)
    }

    @Test(arguments: [false, true])
    func `down ends every process in the middle of a sweep, also where nobody looks after them`(isAlone: Bool) throws {
      let directory = try TestDirectory()
      try start(.faulty, in: directory)
      let running = try processes(in: directory)
      if isAlone { for process in running["tender"] ?? [] { kill(process, SIGKILL) } }
      let id = try name(of: directory)
      let ended = try down(in: directory)
      #expect(ended.exitCode == 0 && ended.errors.contains("nothing of the cluster is left"), "\(ended.errors)")
      #expect(marked(id) == [:])
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: directory.path + "/out/cluster").sorted() == [
          "lock", "logs",
        ])
      // What was held was given back, with its steps: nothing counts as lost.
      #expect(try directory.sweep().trials().allSatisfy { $0.record.failures == 0 })
      let again = try down(in: directory)
      #expect(again.exitCode == 1 && again.errors.contains("no cluster was started for this sweep"))
    }

    @Test func `a worker that cannot work is tried a few times, and up says so`() throws {
      let directory = try TestDirectory()
      try directory.write(TinySweep.faulty.yaml, to: "tiny.yaml")
      try directory.write(Self.file.replacing("threads: 1", with: "threads: 1, slots: 1024"), to: "cluster.yaml")
      let broken = try RunningProgram(
        ["cluster", "up", "cluster.yaml", "tiny.yaml", "--out", "out", "--workers", "0"], in: directory
      ).end()
      #expect(broken.exitCode == 0)
      // Its key is gone: no worker can start.
      try FileManager.default.removeItem(atPath: directory.path + "/out/cluster/keys/workers/local/worker.secret")
      #expect(try RunningProgram(["cluster", "scale", "out", "1"], in: directory).end().exitCode == 0)
      try waitUntil("the failure is told") {
        let status = try RunningProgram(["cluster", "status", "out"], in: directory).end().output
        return status.contains("the worker on local-1 ended: status 1, see ")
          && status.contains("another attempt follows")
      }
      #expect(try down(in: directory).exitCode == 0)
    }

    @Test(.enabled(if: installedProgram("kubectl") != nil, "kubectl is needed"))
    func `on Kubernetes a dry run shows what kustomize makes of the base, with the sizes and keys of this sweep`()
      throws
    {
      let directory = try TestDirectory()
      try directory.write(TinySweep().yaml, to: "tiny.yaml")
      try directory.write(
        "on: kubernetes\nworkers: {count: 7}\nkubernetes: {image: \"lab:5000/attune:9\", cpu: \"3\", storage: 77Gi}\n",
        to: "cluster.yaml")
      let shown = try RunningProgram(
        ["cluster", "up", "cluster.yaml", "tiny.yaml", "--out", "out", "--dry-run"], in: directory
      ).end()
      #expect(shown.exitCode == 0, "\(shown.errors)")
      let lines = shown.outputLines.map { $0.trimmingCharacters(in: .whitespaces) }
      #expect(lines.count { $0 == "image: lab:5000/attune:9" } == 4)
      for line in ["parallelism: 7", "storage: 77Gi", "name: tiny"] { #expect(lines.contains(line), "\(line)") }
      #expect(lines.count { $0 == "cpu: \"3\"" } == 2)
      // The base's own sweep is replaced, and no secret key is empty.
      let secret = lines.firstIndex { $0.hasPrefix("worker.secret:") }
      #expect(secret.map { lines[$0].count + lines[$0 + 1].count > 80 } == true)
      #expect(!directory.contains("out"))
    }

    @Test func `mistakes are told before anything is started`() throws {
      let directory = try TestDirectory()
      try directory.write(TinySweep().yaml, to: "tiny.yaml")
      for (file, words, message) in [
        ("workers: {count: 2}", [], "cluster.yaml: on is missing; write `on: ssh`, or name the place with --on"),
        ("on: local\nworkers: {count: 9999}", [], "9,999 workers on one machine; at most 256 make sense"),
        ("on: ssh", [], "ssh has no hosts"),
        ("on: lokal", [], "did you mean local?"),
        (Self.file, ["--wait", "soon"], "--wait is \"soon\""),
      ] {
        try directory.write(file, to: "cluster.yaml")
        let ended = try RunningProgram(
          ["cluster", "up", "cluster.yaml", "tiny.yaml", "--out", "out"] + words, in: directory
        ).end()
        #expect(ended.exitCode != 0 && ended.errors.contains(message), "\(ended.errors)")
        #expect(!directory.contains("out"), "\(message)")
      }
      let shown = try RunningProgram(
        ["cluster", "up", "cluster.yaml", "tiny.yaml", "--out", "out", "--dry-run"], in: directory
      ).end()
      #expect(shown.output.contains("# 2 workers on this machine") && !directory.contains("out"))
    }
  }
}
