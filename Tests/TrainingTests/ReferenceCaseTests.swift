// Reading reference cases, which come from anywhere: each mistake is an error that names the file and what was found.
import Foundation
import Testing
import Training

@Suite struct ReferenceCaseTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("attune-\(UUID().uuidString)")

  /// The message that reading `contents` gives, without the path and the remedy.
  private func refusal(_ contents: String) throws -> String? {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("case.json").path
    try Data(contents.utf8).write(to: URL(fileURLWithPath: path))
    do {
      _ = try ReferenceCase(path: path)
      return nil
    } catch {
      #expect(error.path == path)
      #expect(
        error.description
          == "\(path): \(error.found); a reference case of the format in Tests/TrainingTests/Golden/README.md is expected"
      )
      return error.found
    }
  }

  private func body(_ changes: [String: String] = [:]) -> String {
    var fields = [
      "activations": "[\"relu\"]", "batch": "1", "context": "1", "dimension": "1", "layers": "1", "heads": "1",
      "X": "[1, 1]", "y": "[1]", "target": "[0]", "prediction": "[0]", "loss": "0",
      "parameters": "{\"A\": [0], \"r\": [0], \"B\": [0], \"C\": [0]}",
      "gradient": "{\"A\": [0], \"r\": [0], \"B\": [0], \"C\": [0]}",
    ]
    fields.merge(changes) { $1 }
    return "{" + fields.filter { $0.value != "" }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
  }

  @Test func `a well-formed case is read`() throws { #expect(try refusal(body()) == nil) }

  @Test func `mistakes are named`() throws {
    #expect(try refusal("no json") == "it is not JSON")
    #expect(try refusal(body(["X": "[1e999, 1]"])) == "it is not JSON")
    #expect(try refusal(body(["loss": ""])) == "it has no `loss`")
    #expect(try refusal(body(["batch": "\"1\""])) == "`batch` has the wrong type")
    #expect(try refusal(body(["batch": "0"])) == "batch is 0")
    #expect(try refusal(body(["batch": "9223372036854775807"])) == "batch is 9223372036854775807")
    #expect(try refusal(body(["context": "-1"])) == "context is -1")
    #expect(try refusal(body(["dimension": "129"])) == "dimension is 129")
    #expect(try refusal(body(["X": "[1]"])) == "X has 1 numbers, 2 expected")
    #expect(try refusal(body(["y": "[]"])) == "y has 0 numbers, 1 expected")
    #expect(try refusal(body(["activations": "[\"mish\"]"])) == "activations are [\"mish\"]")
    #expect(try refusal(body(["activations": "[]", "heads": "0"])) == "activations are []")
    #expect(try refusal(body(["heads": "2"])) == "heads and activations differ in number")
    #expect(try refusal(body(["layers": "-3"])) == "layers is -3")
    #expect(try refusal(body(["attentionScale": "\"2/n\""])) == "attentionScale is 2/n")
    // 64 layers over 1,024 tokens, in a file of some kilobytes.
    let many = (column: "[" + Array(repeating: "0", count: 1025).joined(separator: ",") + "]", layers: 64)
    let weights = "[" + Array(repeating: "0", count: 64).joined(separator: ",") + "]"
    let parameters = "{\"A\": \(weights), \"r\": \(weights), \"B\": \(weights), \"C\": \(weights)}"
    #expect(
      try refusal(
        body([
          "layers": "\(many.layers)", "context": "1024", "X": many.column, "y": "[" + many.column.dropFirst(3),
          "parameters": parameters, "gradient": parameters,
        ])) == "its states need 4120 MiB, more than 4096 MiB are not attempted")
    #expect(try refusal(body(["gradient": ""])) == "it has parameters but no gradient")
    #expect(
      try refusal(body(["parameters": "{\"A\": [], \"r\": [0], \"B\": [0], \"C\": [0]}"]))
        == "parameters have [0, 1, 1] and 1 numbers, 1 and 1 expected")
    #expect(try refusal(body(["parameters": "", "dataKernel": "\"cubic\""])) == "dataKernel is cubic")
  }

  @Test func `a missing file and a folder are named`() {
    #expect(throws: ReferenceCaseError.self) {
      try ReferenceCase(path: "/nowhere/a.json")
    }
    let folder = FileManager.default.temporaryDirectory.path
    #expect(throws: ReferenceCaseError.self) { try ReferenceCase(path: folder) }
  }
}
