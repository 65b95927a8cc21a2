// What `attune bench training` has measured, kept for `attune plan`: one file of the user's, by kind of machine, since a
// home directory is often that of many.
import Foundation
import Shared
import Training

package struct MeasuredSpeeds: Codable, Equatable {
  /// One shape on one kind of machine.
  package struct Entry: Codable, Equatable {
    package var task: String
    package var activation: String
    package var layers: Int
    package var context: Int
    package var dimension: Int
    package var batch: Int
    package var threads: Int
    package var stepMs: Double
    package var datagenMs: Double
    /// `2026-11-22`
    package var day: String
  }

  /// Of one kind of machine; above it the oldest go.
  static let mostEntries = 200
  /// What is larger is another kind of file.
  static let mostBytes = 4 << 20

  /// By kind of machine, the latest of each last.
  package private(set) var machines: [String: [Entry]] = [:]
  package init() {}

  package func entries(of machine: String) -> [Entry] { machines[machine] ?? [] }

  /// Adds a measurement in place of an earlier one of the same shape.
  package mutating func keep(_ measurement: TrainingMeasurement, of machine: String, day: String) {
    let entry = Entry(
      task: measurement.task, activation: measurement.activation, layers: measurement.layers,
      context: measurement.context, dimension: measurement.dimension, batch: measurement.batch,
      threads: measurement.threads, stepMs: measurement.stepMs, datagenMs: measurement.datagenMs, day: day)
    var entries = entries(of: machine).filter { $0.shape != entry.shape }
    entries.append(entry)
    machines[machine] = Array(entries.suffix(Self.mostEntries))
  }

  /// Empty where there is none, or where it cannot be read.
  package init(readingFrom path: String) {
    guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int, size <= Self.mostBytes,
      let data = FileManager.default.contents(atPath: path),
      let speeds = try? JSONDecoder().decode(MeasuredSpeeds.self, from: data)
    else { return }
    self = speeds
  }

  package func write(to path: String) throws {
    try FileManager.default.createDirectory(
      atPath: parentDirectory(of: path), withIntermediateDirectories: true)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  static func path(_ environment: [String: String]) -> String? {
    stateDirectory(environment).map { $0 + "/training.json" }
  }

  /// `AMD EPYC 9B45 64-Core Processor, 2 cores, avx512`
  static func machine(_ instructionSet: String) -> String {
    let lines = FileManager.default.contents(atPath: "/proc/cpuinfo").map { String(decoding: $0, as: UTF8.self) } ?? ""
    let model = lines.split(separator: "\n").first { $0.hasPrefix("model name") }?
      .split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    return "\(model ?? "unknown processor"), \(countText(cores, "core")), \(instructionSet)"
  }

  static var today: String { String(ISO8601DateFormatter().string(from: Date()).prefix(10)) }
}

extension MeasuredSpeeds.Entry {
  fileprivate var shape: [String] {
    [task, activation, "\(layers) \(context) \(dimension) \(batch) \(threads)"]
  }

  /// As one thread's time; nil for a task or an activation that this program does not know. Threads that share a step are
  /// counted with all their time, as slots of one machine share it.
  package var timing: TrialCosts.StoredTiming? {
    guard
      let parameters = try? TrialParameters(values: [
        .activation: .list(heads(activation)), .task: .text(task), .layers: .integer(layers),
        .context: .integer(context), .dimension: .integer(dimension), .batch: .integer(batch),
      ]), stepMs > 0, datagenMs > 0, threads > 0
    else { return nil }
    let thread = Double(threads) / 1000
    return .init(
      parameters: parameters, timing: .init(drawing: datagenMs * thread, step: stepMs * thread), day: day)
  }
}
