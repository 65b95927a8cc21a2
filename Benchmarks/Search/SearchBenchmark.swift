// Measures the decisions of Sources/Search: how far samplers get on known functions, and what adaptive replication costs.
// Prints one JSON object per line; Benchmarks/search.py sets the samplers beside Optuna's.
import Foundation
import Search
import Shared

@main struct SearchBenchmark {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case "samplers":
      guard arguments.count >= 4, let trials = Int(arguments[1]), let seeds = UInt64(arguments[2]) else { usage() }
      try compareSamplers(trials: trials, seeds: seeds, tables: Array(arguments.dropFirst(3)))
    case "replication":
      guard arguments.count == 2, let count = Int(arguments[1]) else { usage() }
      for scenario in ReplicationScenario.all { print(scenario.summary(simulations: count)) }
    default: usage()
    }
  }

  private static func usage() -> Never {
    FileHandle.standardError.write(
      Data("search-benchmark samplers TRIALS SEEDS TABLE.csv … | replication COUNT\n".utf8))
    exit(64)
  }

  /// Regret, the best value so far less the smallest there is, after each trial: one line per problem, method and seed.
  private static func compareSamplers(trials: Int, seeds: UInt64, tables: [String]) throws {
    var problems = [SearchProblem.branin, .hartmann6]
    for path in tables { problems += try SearchProblem.table(at: path) }
    for problem in problems {
      for method in ["random", "sobol", "bayes"] {
        for seed in 0..<seeds {
          let start = DispatchTime.now().uptimeNanoseconds
          let values = try problem.values(method: method, trials: trials, seed: seed)
          let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
          var best = Double.infinity
          // JSON has no infinity: null while every run has diverged.
          let regrets = values.map { value in
            best = min(best, value)
            return best.isFinite ? "\(best - problem.smallest)" : "null"
          }
          print(
            "{\"problem\": \"\(problem.name)\", \"method\": \"\(method)\", \"seed\": \(seed),",
            "\"seconds\": \(seconds), \"regrets\": [\(regrets.joined(separator: ", "))]}")
        }
      }
    }
  }
}
