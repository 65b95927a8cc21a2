// A second implementation of what a checkpoint means: the safetensors format read from its specification, and the network
// of docs/science.md §1 in double precision, written down from there and sharing no code with the programs.
import Foundation

/// Tensors of one safetensors file, row-major. Source: the format's specification, github.com/huggingface/safetensors.
struct TensorFile {
  let metadata: [String: String]
  private let tensors: [String: (shape: [Int], values: [Double])]

  init(_ path: String) throws {
    let bytes = try Data(contentsOf: URL(filePath: path))
    guard bytes.count >= 8 else { throw HarnessError("\(path): \(bytes.count) bytes") }
    let headerCount = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    let body = bytes.dropFirst(8 + headerCount)
    guard headerCount % 8 == 0,
      let header = try JSONSerialization.jsonObject(with: bytes[8..<8 + headerCount]) as? [String: Any]
    else { throw HarnessError("\(path): no header") }
    metadata = header["__metadata__"] as? [String: String] ?? [:]
    var tensors: [String: (shape: [Int], values: [Double])] = [:]
    var covered = 0
    for (name, entry) in header where name != "__metadata__" {
      guard let entry = entry as? [String: Any], entry["dtype"] as? String == "F32",
        let shape = entry["shape"] as? [Int], let offsets = entry["data_offsets"] as? [Int], offsets.count == 2
      else { throw HarnessError("\(path): \(name)") }
      let count = shape.reduce(1, *)
      guard offsets[1] - offsets[0] == 4 * count, offsets[1] <= body.count else {
        throw HarnessError("\(path): \(name)")
      }
      covered += 4 * count
      tensors[name] = (
        shape,
        (0..<count).map { index in
          let at = body.startIndex + offsets[0] + 4 * index
          let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(body[at + $1]) << UInt32(8 * $1) }
          return Double(Float(bitPattern: bits))
        }
      )
    }
    guard covered == body.count else {
      throw HarnessError("\(path): \(body.count - covered) bytes belong to no tensor")
    }
    self.tensors = tensors
  }

  func shape(_ name: String) throws -> [Int] { try tensor(name).shape }
  func values(_ name: String) throws -> [Double] { try tensor(name).values }

  private func tensor(_ name: String) throws -> (shape: [Int], values: [Double]) {
    guard let found = tensors[name] else { throw HarnessError("no tensor \(name)") }
    return found
  }
}

/// Mean squared error of a checkpoint's network on a file of prompts.
/// - activations: one per head; layers, n and d follow from the files.
/// - scale: of one head's sum over sources, by its activation.
func meanSquaredError(
  checkpoint: TensorFile, prompts: TensorFile, layers: Int, activations: [String], scale: (String) -> Double
) throws -> Double {
  let shape = try prompts.shape("X")
  let (count, tokens, d) = (shape[0], shape[1], shape[2])
  let n = tokens - 1
  let allX = try prompts.values("X"), allY = try prompts.values("y"), targets = try prompts.values("target")
  guard allY.count == count * n, targets.count == count else { throw HarnessError("prompts of different counts") }
  let parameters = try (0..<layers).map { layer in
    try activations.indices.map { head in
      let name = "layers.\(layer).heads.\(head)."
      return (
        A: try checkpoint.values(name + "A"), r: try checkpoint.values(name + "r")[0],
        B: try checkpoint.values(name + "B"), C: try checkpoint.values(name + "C")
      )
    }
  }
  func product(_ matrix: [Double], _ x: [Double]) -> [Double] {
    (0..<d).map { i in (0..<d).reduce(0) { $0 + matrix[i * d + $1] * x[$1] } }
  }
  var sum = 0.0
  for prompt in 0..<count {
    var x = (0..<tokens).map { t in (0..<d).map { allX[(prompt * tokens + t) * d + $0] } }
    var y = (0..<n).map { allY[prompt * n + $0] } + [0]
    for layer in parameters {
      var nextX = x, nextY = y
      for (head, activation) in zip(layer, activations) {
        let keys = x.map { product(head.B, $0) }, values = x.map { product(head.A, $0) }
        for t in 0..<tokens {
          let query = product(head.C, x[t])
          let scores = (0..<n).map { s in (0..<d).reduce(0) { $0 + keys[s][$1] * query[$1] } }
          let weights = attention(scores, activation)
          for s in 0..<n {
            for i in 0..<d { nextX[t][i] += scale(activation) * weights[s] * values[s][i] }
            nextY[t] += scale(activation) * weights[s] * head.r * y[s]
          }
        }
      }
      (x, y) = (nextX, nextY)
    }
    let error = -y[n] - targets[prompt]
    sum += error * error
  }
  return sum / Double(count)
}

/// The weights of one target's sources.
private func attention(_ scores: [Double], _ activation: String) -> [Double] {
  switch activation {
  case "relu": return scores.map { max(0, $0) }
  case "exp": return scores.map { exp($0) }
  case "softmax":
    let powers = scores.map { exp($0) }
    return powers.map { $0 / powers.reduce(0, +) }
  default: return scores
  }
}
