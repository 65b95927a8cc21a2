// `attune verify`: this machine's kernels against reference cases, on every instruction set it supports.
internal import ArgumentParser
import Foundation
import Kernels
import Shared
import Training

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check this machine's kernels against reference cases.",
    discussion: """
      A case is a JSON file with prompts, parameters and what they must give, computed in double precision. Prints the
      largest relative error of each check; the exit status is 1 if any is beyond its tolerance.

      Example:
        attune verify Tests/TrainingTests/Golden/*.json
      """)

  @Argument(help: "Reference cases.", completion: .file(extensions: ["json"]))
  var files: [String]

  @Flag(help: "Print one JSON object per case.")
  var json = false

  func validate() throws {
    for file in files { try requireWord(file, "the name of a case", "name a JSON file") }
  }

  func run() throws {
    let sets = InstructionSet.allCases.filter(\.isSupported)
    if sets.isEmpty { throw CommandFailure(TrainingError.unsupportedProcessor.description) }
    var passed = 0, count = 0, unreadable = 0
    for file in files {
      do throws(ReferenceCaseError) {
        let reference = try ReferenceCase(path: file)
        for set in sets {
          let report = verify(reference, on: set)
          count += 1
          if report.passes { passed += 1 }
          print(json ? line(json: report) : line(report))
        }
      } catch {
        unreadable += 1
        FileHandle.standardError.write(Data("\(error)\n".utf8))
      }
    }
    if !json {
      let rest = unreadable > 0 ? "; \(countText(unreadable, "file")) could not be read" : ""
      print("\(passed) of \(countText(count, "check")) of \(countText(files.count - unreadable, "case")) passed\(rest)")
    }
    if passed < count || unreadable > 0 { throw ExitCode.failure }
  }

  private func line(_ report: VerificationReport) -> String {
    let checks = report.checks.map { check in
      let error = String(format: "%.1e", check.error), tolerance = String(format: "%.0e", check.tolerance)
      return "\(check.name) \(error)" + (check.passes ? "" : " > \(tolerance)")
    }
    let shown = excerpt(report.name)
    let name = shown.padding(toLength: max(24, shown.count), withPad: " ", startingAt: 0)
    return "\(report.passes ? "pass" : "FAIL")  \(name)  \(report.instructionSet)  \(checks.joined(separator: "  "))"
  }

  private func line(json report: VerificationReport) -> String {
    let checks = report.checks.map {
      "{\"name\":\"\($0.name)\",\"error\":\($0.error.isFinite ? "\($0.error)" : "null"),\"tolerance\":\($0.tolerance),"
        + "\"pass\":\($0.passes)}"
    }
    let name = (try? String(decoding: JSONEncoder().encode(report.name), as: UTF8.self)) ?? "\"\""
    return "{\"case\":\(name),\"isa\":\"\(report.instructionSet)\",\"pass\":\(report.passes),"
      + "\"checks\":[\(checks.joined(separator: ","))]}"
  }
}
