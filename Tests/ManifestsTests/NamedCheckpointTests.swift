// Checkpoints that a manifest names as starts.
import Manifests
import Shared
import Testing

@Suite struct NamedCheckpointTests {
  private let text = """
    method: grid
    parameters:
      task: {value: linear}
      activation: {value: exp}
      layers: {value: 1}
      dimension: {value: 1}
      init: {values: [identity, {checkpoint: a.safetensors}, {checkpoint: b/c.safetensors}]}
      steps: {value: 20}
    report: {columns: init}
    """

  private func network(_ r: Float) throws(StartingNetworkError) -> StartingNetwork {
    try StartingNetwork(layers: 1, heads: 1, dimension: 1, values: [0, r, 1, 1])
  }

  @Test func `their numbers stand in configurations, their names in tables, their files in the plan`() throws {
    var read: [String] = []
    let plan = try parseManifest(text, path: "m.yaml") { name throws(StartingNetworkError) in
      read.append(name)
      return ReadCheckpoint(try network(name == "a.safetensors" ? -1 : -2), bytes: Array(name.utf8))
    }.plan
    #expect(read == ["a.safetensors", "b/c.safetensors"])
    let starts = plan.cells.map { $0.candidates[0].initialization.checkpoint?.values[1] }
    #expect(starts == [nil, -1, -2])
    #expect(plan.axis(.columns)?.values.map(plan.shown) == ["identity", "a.safetensors", "b/c.safetensors"])
    #expect(plan.checkpointFiles["b/c.safetensors"] == Array("b/c.safetensors".utf8))
  }

  @Test func `what is wrong with one is said with its line`() {
    func message(_ text: String, _ reader: CheckpointReader?) -> String? {
      do { _ = try parseManifest(text, path: "m.yaml", checkpoints: reader) } catch { return error.description }
      return nil
    }
    let missing = message(text) { _ throws(StartingNetworkError) in throw StartingNetworkError("no file", "name one") }
    #expect(missing == "m.yaml:7: init names \"a.safetensors\": no file; name one")
    #expect(message(text, nil)?.contains("checkpoints cannot be read here") == true)
    let shape = message(text.replacing("layers: {value: 1}", with: "layers: {value: 2}")) {
      name throws(StartingNetworkError) in ReadCheckpoint(try network(name == "a.safetensors" ? -1 : -2), bytes: [])
    }
    #expect(shape?.contains("a checkpoint of 1 layers") == true)
    let key = message(text.replacing("{checkpoint: a.safetensors}", with: "{file: a}"), nil)
    #expect(key?.contains("write {checkpoint: FILE}") == true)
  }
}
