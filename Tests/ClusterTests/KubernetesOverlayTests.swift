// The overlay's values are words of YAML that stay words; kubectl is asked in the right place.
import Cluster
import Shared
import Testing

@Suite struct KubernetesOverlayTests {
  private func text(_ change: (inout ClusterPlan) -> Void) -> String {
    var plan = ClusterPlan()
    change(&plan)
    return KubernetesOverlay(plan).kustomization(count: 5)
  }

  @Test(arguments: [
    ("registry.example:5000/lab/attune:7", "registry.example:5000/lab/attune", "7"),
    ("registry.example:5000/attune", "registry.example:5000/attune", nil), ("attune:0.1.0", "attune", "0.1.0"),
    ("attune@sha256:ab", "attune", nil),
  ])
  func `an image's port is not taken for its tag`(image: String, name: String, tag: String?) {
    let text = text { $0.kubernetes.image = image }
    #expect(text.contains("newName: '\(name)'\n"))
    #expect(text.contains("newTag") == (tag != nil) && tag.map { text.contains("newTag: '\($0)'\n") } != false)
    #expect(text.contains("digest: 'sha256:ab'") == image.contains("@"))
  }

  @Test func `sizes are quoted, so that a whole number of cores stays a quantity`() {
    let text = text {
      ($0.kubernetes.cpu, $0.kubernetes.memory, $0.kubernetes.storage, $0.workers.slots) = ("4", "8Gi", "50Gi", 2)
    }
    for part in ["value: 5}", "cpu: '4', memory: '8Gi'", "value: '50Gi'}", "value: '--slots 2'}"] {
      #expect(text.contains(part), "\(part)")
    }
  }

  @Test func `kubectl is told context and namespace`() {
    var plan = ClusterPlan()
    #expect(KubernetesOverlay(plan).kubectl(["get"]) == ["kubectl", "--namespace", "attune", "get"])
    plan.kubernetes.context = "lab"
    #expect(KubernetesOverlay(plan).kubectl(["get"]).prefix(3) == ["kubectl", "--context", "lab"])
  }
}
