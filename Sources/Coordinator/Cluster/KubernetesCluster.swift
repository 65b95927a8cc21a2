// A cluster on Kubernetes, which looks after itself: what is applied, scaled, shown and deleted by kubectl.
internal import ArgumentParser
import Cluster
import Foundation
import Shared

struct KubernetesCluster {
  private static let patience = "180s"
  private let record: ClusterRecord
  private let cluster: ClusterDirectory
  private let overlay: KubernetesOverlay

  init(_ record: ClusterRecord, _ cluster: ClusterDirectory) {
    (self.record, self.cluster, overlay) = (record, cluster, KubernetesOverlay(record.plan))
  }

  private var directory: String { cluster.path + "/kubernetes" }
  private var pod: String { "attune-coordinator-0" }

  func up(count: Int) throws {
    try ClusterRecording.prepare(record, cluster)
    try cluster.write(record)
    try cluster.write(ClusterWish(count: count))
    try write(to: directory, count: count)
    for line in try kubectl(["apply", "-k", directory], "applying \(directory)").split(separator: "\n") {
      tell("attune: \(line)")
    }
    tell("attune: waiting for the coordinator …")
    try kubectl(
      ["rollout", "status", "statefulset/attune-coordinator", "--timeout=\(Self.patience)"], "starting the coordinator",
      timeout: .seconds(200))
    print("dashboard  http://127.0.0.1:8080/ after: \(shellCommand(overlay.kubectl(["port-forward", pod, "8080"])))")
    print("directory  \(cluster.sweep.path)")
    tell("attune: end it with `attune cluster down \(cluster.sweep.path)`, which fetches the results")
  }

  func scale(to count: Int) throws {
    try kubectl(
      ["patch", "job/attune-workers", "--type=merge", "--patch", #"{"spec":{"parallelism":\#(count)}}"#],
      "scaling the workers")
    try cluster.write(ClusterWish(count: count))
    tell("attune: \(countText(count, "worker")) at most from now on")
  }

  func status() throws {
    print(
      try kubectl(
        ["get", "pods", "--selector", "app.kubernetes.io/name=attune", "--output", "wide"], "asking for pods"),
      terminator: "")
    print(
      try kubectl(["exec", pod, "--", "attune", "status", "/data/sweep"], "asking the coordinator"), terminator: "")
  }

  /// Workers first, so that they give back what they hold; then the results are fetched, and all but their volume deleted.
  func takeDown() throws {
    // Pods get SIGTERM and their grace period; those that have completed go, too.
    try kubectl(
      ["delete", "job/attune-workers", "--ignore-not-found", "--cascade=foreground", "--wait=true"],
      "ending the workers", timeout: .seconds(200))
    tell("attune: fetching the results …")
    let results = cluster.sweep.path + "/from-kubernetes"
    try kubectl(["cp", "\(pod):/data/sweep", results], "fetching the results", timeout: .seconds(3600))
    try kubectl(
      ["delete", "-k", directory, "--ignore-not-found", "--wait=true"], "deleting what was applied",
      timeout: .seconds(200))
    tell("attune: the results are in \(results), and on the volume, which is deleted with")
    tell("  \(shellCommand(overlay.kubectl(["delete", "pvc", "data-\(pod)"])))")
  }

  /// What would be applied, by kustomize itself, with keys that are made for the show and thrown away.
  func preview(count: Int) throws -> String {
    let place = try RuntimeDirectory()
    defer { withExtendedLifetime(place) {} }
    let scratch = ClusterDirectory(place.path + "/sweep")
    try ClusterRecording.prepare(record, scratch)
    let preview = KubernetesCluster(record, scratch)
    try preview.write(to: preview.directory, count: count)
    return try ExternalCommand(["kubectl", "kustomize", preview.directory]).succeed("kubectl kustomize").output
  }

  /// The overlay with the base, the manifest and the keys it names.
  private func write(to directory: String, count: Int) throws {
    let base = try Self.base()
    let files = FileManager.default
    try? files.removeItem(atPath: directory)
    do {
      try files.createDirectory(
        atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try files.copyItem(atPath: base, toPath: directory + "/base")
      try files.copyItem(atPath: record.manifest, toPath: directory + "/sweep.yaml")
      for (name, source) in keyFiles { try files.copyItem(atPath: source, toPath: "\(directory)/\(name)") }
      try overlay.kustomization(count: count).write(
        toFile: directory + "/kustomization.yaml", atomically: true, encoding: .utf8)
    } catch { throw CommandFailure("\(directory): it cannot be written: \(error.localizedDescription)") }
  }

  private var keyFiles: [(name: String, source: String)] {
    let worker = "\(cluster.keys)/workers/kubernetes"
    return [
      ("coordinator.public", cluster.keys + "/coordinator.public"),
      ("coordinator.secret", cluster.keys + "/coordinator.secret"),
      ("worker.public", worker + "/worker.public"), ("worker.secret", worker + "/worker.secret"),
    ]
  }

  /// Beside the sources that this program was built from, or where `make install` puts it.
  private static func base() throws -> String {
    let directory = parentDirectory(of: ownExecutable())
    let places =
      ["\(directory)/../share/attune/kubernetes/base"]
      + ["../..", "../../.."].map { "\(directory)/\($0)/cluster/kubernetes/base" }
    guard let found = places.first(where: { access("\($0)/kustomization.yaml", F_OK) == 0 }) else {
      throw CommandFailure("the kustomization is missing: \(places.joined(separator: ", ")); run `make install`")
    }
    return found
  }

  @discardableResult
  private func kubectl(_ words: [String], _ doing: String, timeout: Duration = .seconds(60)) throws -> String {
    try ExternalCommand(overlay.kubectl(words), timeout: timeout).succeed(doing).output
  }
}
