// The kustomization that puts a sweep's own manifest, keys and sizes over cluster/kubernetes/base, and what kubectl is asked.
import Shared

package struct KubernetesOverlay: Sendable {
  private let settings: ClusterPlan.Kubernetes
  private let workers: ClusterPlan.Workers

  package init(_ plan: ClusterPlan) { (settings, workers) = (plan.kubernetes, plan.workers) }

  /// For kustomize (kustomization.yaml, v1beta1); base, manifest and keys are beside it.
  /// Values are single words (the cluster file's reader sees to that), quoted so that none is read as a number.
  package func kustomization(count: Int) -> String {
    let image = splitImage(settings.image)
    var lines = [
      "# Written by `attune cluster up`.",
      "apiVersion: kustomize.config.k8s.io/v1beta1",
      "kind: Kustomization",
      "namespace: '\(settings.namespace)'",
      "resources: [base]",
      "images:",
      "  - name: attune",
      "    newName: '\(image.name)'",
    ]
    if let digest = image.digest { lines.append("    digest: '\(digest)'") }
    if let tag = image.tag { lines.append("    newTag: '\(tag)'") }
    lines += [
      "configMapGenerator:",
      "  - name: attune-manifest",
      "    behavior: replace",
      "    files: [sweep.yaml]",
      "secretGenerator:",
      "  - name: attune-coordinator-keys",
      "    files:",
    ]
    lines += ["coordinator.public", "coordinator.secret", "worker.public"].map { "      - '\($0)'" }
    lines += ["  - name: attune-worker-keys", "    files:"]
    lines += ["coordinator.public", "worker.public", "worker.secret"].map { "      - '\($0)'" }
    lines += [
      "generatorOptions: {disableNameSuffixHash: true}",
      "patches:",
      "  - target: {kind: Job, name: attune-workers}",
      "    patch: |-",
      "      - {op: replace, path: /spec/parallelism, value: \(count)}",
      "      - {op: replace, path: /spec/template/spec/containers/0/resources, value: \(resources)}",
    ]
    if let slots = workers.slots {
      lines.append(
        "      - {op: replace, path: /spec/template/spec/containers/0/env/1/value, value: '--slots \(slots)'}")
    }
    lines += [
      "  - target: {kind: StatefulSet, name: attune-coordinator}",
      "    patch: |-",
      "      - {op: replace, path: /spec/volumeClaimTemplates/0/spec/resources/requests/storage, value: '\(settings.storage)'}",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private var resources: String {
    "{requests: {cpu: '\(settings.cpu)', memory: '\(settings.memory)'}, "
      + "limits: {cpu: '\(settings.cpu)', memory: '\(settings.memory)'}}"
  }

  /// Words of kubectl for this cluster's context and namespace.
  package func kubectl(_ words: [String]) -> [String] {
    ["kubectl"] + (settings.context.map { ["--context", $0] } ?? []) + ["--namespace", settings.namespace] + words
  }
}

/// `registry:5000/attune:1.0@sha256:…`: a port is no tag.
private func splitImage(_ image: String) -> (name: String, tag: String?, digest: String?) {
  let halves = image.split(separator: "@", maxSplits: 1).map(String.init)
  let digest = halves.count > 1 ? halves[1] : nil
  let name = halves.first ?? image
  guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else { return (name, nil, digest) }
  return (String(name[..<colon]), String(name[name.index(after: colon)...]), digest)
}
