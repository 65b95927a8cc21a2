// `attune bench gang`: what a slot gains that trains several trials of the same prompts side by side.
internal import ArgumentParser
import Foundation
import Kernels
import Shared
import Training

struct BenchGang: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gang",
    abstract: "Time trials of the same prompts, one after another and side by side.",
    discussion: """
      Every trial is trained alone, then all of them as a gang, on batches drawn once for all; both ways in turns.
      ratio is the median over the rounds of the processor time one after another, over that side by side.

      Example:
        attune bench gang --task relu --activations linear,relu,exp,softmax --batch 512
      """)

  @Option(help: "One trial each, separated by commas; several heads joined by +.")
  var activations = "linear,relu,exp,softmax"
  @Option(help: "linear, relu, exp or exp(s).")
  var task = "exp"
  @Option(help: "Layers.")
  var layers = 3
  @Option(help: "Context pairs per prompt.")
  var context = 14
  @Option(help: "Dimension of x.")
  var dimension = 5
  @Option(help: "Prompts per batch.")
  var batch = 512
  @Option(help: "Steps that share a batch.")
  var resampleEvery = 1
  @Option(help: "Steps of every trial.")
  var steps = 2000
  @Option(help: "Threads.")
  var threads = 1
  @Option(help: "Times that both ways are measured.")
  var rounds = 5
  @Option(help: "avx2 or avx512 (default: the widest this processor runs).")
  var isa: String?
  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    for (value, flag) in [(threads, "--threads"), (rounds, "--rounds")] where !(1...1024).contains(value) {
      throw ValidationError("\(flag) is \(value); write a number from 1 to 1024")
    }
  }

  func run() throws {
    let measurement = measureGang(
      try members(), threads: threads, rounds: rounds, instructionSet: try chosenInstructionSet(isa))
    print(json ? try jsonText(measurement) : text(measurement))
  }

  private func members() throws -> [TrialParameters] {
    do throws(ParameterError) {
      var members: [TrialParameters] = []
      for activation in activations.split(separator: ",", omittingEmptySubsequences: false) {
        members.append(
          try TrialParameters(values: [
            .activation: .list(heads(String(activation))), .task: .text(task), .layers: .integer(layers),
            .context: .integer(context), .dimension: .integer(dimension), .batch: .integer(batch),
            .resampleEvery: .integer(resampleEvery), .steps: .integer(steps),
          ]))
      }
      return members
    } catch { throw ValidationError("--\(error)") }
  }

  private func text(_ m: GangMeasurement) -> String {
    func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
    return """
      \(m.task) labels, \(m.activations.joined(separator: ", ")), \(m.layers) layers, n=\(m.context), \
      d=\(m.dimension), batch \(m.batch), a new one every \(m.resampleEvery), \(m.steps) steps, \(m.threads) threads, \
      \(m.instructionSet)
      one after another \(number(m.alone, 3)) s of processor time
      side by side      \(number(m.together, 3)) s
      ratio             \(number(m.ratio, 2)) (\(m.ratios.map { number($0, 2) }.joined(separator: ", ")))
      """
  }
}
