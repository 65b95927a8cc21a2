// `attune report --theory`: baselines and the networks' form computed beside a sweep's results, and kept with its report, so
// that every later one shows them.
import Foundation
import Kernels
import Shared
import Theory
import Training

/// What has been computed for the report in `directory`; nil where nothing has, or where it was written by another version.
func storedTheory(_ directory: String) -> TheoryFindings? {
  FileManager.default.contents(atPath: directory + "/" + theoryFile).flatMap {
    try? theoryDecoder.decode(TheoryFindings.self, from: $0)
  }
}

private let theoryDecoder = {
  let decoder = JSONDecoder()
  decoder.keyDecodingStrategy = .convertFromSnakeCase
  return decoder
}()

let theoryFile = "theory.json"

struct ReportTheory {
  let sweep: StoredSweep
  /// Measure the form along the training, by training all reporting trials once more.
  let along: Bool
  let references: Bool
  private let progress = StepProgress()
  private let threads = ProcessInfo.processInfo.activeProcessorCount

  init(_ sweep: StoredSweep, along: Bool, references: Bool) {
    (self.sweep, self.along, self.references) = (sweep, along, references)
  }

  func compute() throws -> TheoryFindings {
    guard let instructionSet = InstructionSet.best else {
      throw CommandFailure(TrainingError.unsupportedProcessor.description)
    }
    defer { progress.clear() }
    return TheoryFindings(baselines: try baselines(instructionSet), structures: try structures(instructionSet))
  }

  private func baselines(_ instructionSet: InstructionSet) throws -> [TheoryFindings.Baseline] {
    let requests = theoryRequests(of: sweep.plan) { problem, heads, layers in
      TheoryRequest(
        problem: problem, activations: heads, steps: layers, seed: sweep.plan.reportSeeds.first ?? Seed(rawValue: 0),
        tuningPrompts: 8192, testPrompts: 30_000, trainsReferences: references)
    }
    var found: [TheoryFindings.Baseline] = []
    for (index, request) in requests.enumerated() {
      let place = "\(request.problem.task), n=\(request.problem.context) (\(index + 1) of \(requests.count))"
      do throws(TheoryError) {
        let results = try TheoryComparison(request, threads: threads, on: instructionSet) {
          progress.show("\(place): \($0)")
        }.run()
        found += results.map { TheoryFindings.Baseline($0, of: request.problem) }
      } catch { throw CommandFailure("\(place): \(error)") }
    }
    return found
  }

  private func structures(_ instructionSet: InstructionSet) throws -> [TheoryFindings.Structure] {
    let meter = StructureMeter(sweep, prompts: 8192, threads: threads, instructionSet, progress)
    let records = try sweep.reportingTrials(where: []).filter { $0.result?.outcome == .finite }
    return try records.enumerated().map { index, record in
      progress.show("form of network \(index + 1) of \(records.count)")
      let every = along ? record.parameters.evaluateEvery : nil
      let points = try meter.points(of: record, on: try meter.draw(record, .validation), every: every)
      return TheoryFindings.Structure(
        trial: record.id.rawValue,
        points: points.map { TheoryFindings.Point($0, layers: record.parameters.layers) })
    }
  }
}

/// One request per problem of the plan, with all activations and numbers of layers that the plan has for it.
func theoryRequests(
  of plan: SweepPlan, _ request: (TrialParameters, [Heads], [Int]) -> TheoryRequest
) -> [TheoryRequest] {
  var requests: [TheoryRequest] = []
  for parameters in plan.cells.flatMap({ Array($0.candidates) }) {
    let problem = parameters.problem
    guard let known = requests.firstIndex(where: { $0.problem == problem }) else {
      requests.append(request(problem, [parameters.heads], [parameters.layers]))
      continue
    }
    if !requests[known].activations.contains(parameters.heads) { requests[known].activations.append(parameters.heads) }
    if !requests[known].steps.contains(parameters.layers) { requests[known].steps.append(parameters.layers) }
  }
  return requests
}

extension TheoryFindings.Baseline {
  fileprivate init(_ result: BaselineResult, of problem: TrialParameters) {
    // Of ln mse, to first order.
    let error = result.mse > 0 ? result.standardError / result.mse : .nan
    self.init(
      problem: problem.canonicalJSON, name: result.baseline, heads: result.activation, steps: result.steps,
      tuned: result.tuned, lnLoss: result.ln.flatMap { $0.isFinite ? $0 : nil },
      standardError: error.isFinite ? error : nil, excess: result.excess.flatMap { $0.isFinite ? $0 : nil })
  }
}
