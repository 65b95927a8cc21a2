// A whole sweep from its manifest to its report, with real processes.
import Foundation
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Run {
    @Test func `a run ends with its report, the matrix on standard output and a clean audit`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep()
      let ended = try attune(try sweep.command(in: directory), in: directory)
      #expect(ended.exitCode == 0)

      #expect(ended.outputLines.first?.hasPrefix("task") == true)
      #expect(ended.output.contains("report  out/report/index.html"))
      for name in ["index.html", "matrix.csv", "matrix.json", "matrix.md"] {
        #expect(directory.contains("out/report/" + name))
      }
      #expect(try directory.read("out/report/index.html").hasPrefix("<!DOCTYPE html>"))
      #expect(try directory.read("out/manifest.yaml") == sweep.yaml)

      let audit = try attune(["audit", "out"], in: directory)
      #expect(audit.exitCode == 0)
      #expect(audit.outputLines.first?.hasPrefix("36 planned = 36 succeeded + 0 failed") == true)
      #expect(audit.outputLines.last == "clean")
      let digest = try attune(["digest", "out"], in: directory)
      #expect(digest.exitCode == 0 && digest.errors.isEmpty)
      #expect(try EndToEndTests.digest(in: digest.output) == EndToEndTests.digest(in: ended.output))
    }

    @Test func `in a pipe progress is plain lines on standard error`() throws {
      let directory = try TestDirectory()
      let ended = try attune(try TinySweep().command(in: directory), in: directory)
      #expect(!ended.errors.contains("\u{1B}") && !ended.errors.contains("\r"))
      #expect(!ended.errorLines.isEmpty)
      for line in ended.errorLines {
        #expect(line.hasPrefix("tiny: ") || line.hasPrefix("attune: "), "\(line)")
      }
      #expect(!ended.output.contains("\u{1B}"))
    }

    @Test func `matrix csv and json have the promised columns, one row per cell, and the same numbers`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep()
      _ = try attune(try sweep.command(in: directory), in: directory)
      let lines = try directory.read("out/report/matrix.csv").split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      let columns = [
        "task", "activation", "learning_rate", "edge", "tune_seeds", "seeds", "diverged", "ln_test_loss_mean",
        "ln_test_loss_sd", "ln_test_loss_ci_low", "ln_test_loss_ci_high", "bayes_loss", "zero_loss", "excess",
        "normalised_excess", "reference_ln_loss", "matched", "leader", "in_best_set", "verdict", "p_raw", "p_adjusted",
        "status",
      ]
      #expect(lines.first == columns)
      let rows = lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(columns, $0)) }
      #expect(
        rows.map { "\($0["task"] ?? "") \($0["activation"] ?? "")" }
          == ["linear relu", "linear softmax", "relu relu", "relu softmax"])
      #expect(lines.allSatisfy { $0.count == columns.count })
      for task in sweep.tasks {
        #expect(rows.count { $0["task"] == task && $0["leader"] == "1" } == 1)
        #expect(rows.contains { $0["task"] == task && $0["in_best_set"] == "1" })
      }
      for row in rows {
        #expect(sweep.learningRates.contains(try #require(row["learning_rate"])))
        #expect(row["seeds"] == "6" && row["tune_seeds"] == "1" && row["diverged"] == "0")
        #expect(["ok", "optimiser-limited", "diverged", "too-few-seeds"].contains(row["status"]))
      }

      let json = try JSONDecoder().decode(
        MatrixFile.self, from: Data(try directory.read("out/report/matrix.json").utf8))
      #expect(json.version == 1)
      #expect(json.columns == columns)
      #expect(json.rows.count == rows.count)
      for (row, jsonRow) in zip(rows, json.rows) {
        for name in columns {
          let written = try #require(row[name])
          switch try #require(jsonRow[name]) {
          case .number(let number): #expect(Double(written) == number, "\(name)")
          case .text(let text): #expect(written == text, "\(name)")
          case .null: #expect(written.isEmpty, "\(name)")
          case .other: break
          }
        }
      }
    }
  }
}

/// What programs read of matrix.json. JSONDecoder reads every digit; JSONSerialization does not.
private struct MatrixFile: Decodable {
  enum Value: Decodable {
    case number(Double), text(String), null, other

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else if let text = try? container.decode(String.self) {
        self = .text(text)
      } else {
        self = .other
      }
    }
  }
  var version: Int
  var columns: [String]
  var rows: [[String: Value]]
}
