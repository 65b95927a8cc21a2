// Trained networks out of a sweep's directory or a checkpoint's file, and the trials that a command is asked about.
internal import ArgumentParser
import Foundation
import Shared
import Store
import Training

/// A checkpoint's file by itself: it says what it is.
struct CheckpointFile {
  let parameters: TrialParameters
  let seed: Seed
  let network: Network

  init(_ path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else { throw Self.refusal(path, "it cannot be read") }
    do { try self.init(Array(data)) } catch { throw Self.refusal(path, error.found) }
  }

  init(_ bytes: [UInt8]) throws(CheckpointFileError) {
    let file: Safetensors
    do { file = try Safetensors(bytes: bytes) } catch { throw CheckpointFileError(found: "\(error)") }
    guard let text = file.metadata["configuration"], let number = file.metadata["seed"].flatMap(UInt32.init) else {
      throw CheckpointFileError(found: "it does not say which configuration and seed it belongs to")
    }
    do { parameters = try TrialParameters(canonicalJSON: text) } catch { throw CheckpointFileError(found: "\(error)") }
    do { network = try TrainingState.network(file, parameters) } catch { throw CheckpointFileError(found: "\(error)") }
    seed = Seed(rawValue: number)
  }

  private static func refusal(_ path: String, _ found: String) -> CommandFailure {
    CommandFailure("\(path): \(found); name a sweep's directory or a checkpoint of one")
  }
}

/// Why bytes are no checkpoint of a network.
struct CheckpointFileError: Error { let found: String }

extension StoredSweep {
  /// The network that a trial ended with.
  func network(of record: TrialRecord) throws -> Network {
    guard let result = record.result else {
      throw CommandFailure(
        "\(store.directory.path): trial \(record.id) has not ended; see `attune explain \(store.directory.path) "
          + "\(record.id)`")
    }
    do {
      return try TrainingState.network(
        try Safetensors(bytes: try store.blobs.bytes(result.checkpoint)), record.parameters)
    } catch {
      throw CommandFailure("\(store.directory.path): the network of trial \(record.id): \(error)")
    }
  }

  func record(_ trial: Int64) throws -> TrialRecord {
    guard let record = try store.trials().first(where: { $0.record.id.rawValue == trial })?.record else {
      throw CommandFailure(
        "\(store.directory.path): there is no trial \(trial); `attune trials \(store.directory.path)` lists those "
          + "there are")
    }
    return record
  }

  /// Reporting trials with a result, in the plan's order, of the cells whose coordinates have all of `conditions`
  /// (`task=relu`).
  func reportingTrials(where conditions: [String]) throws -> [TrialRecord] {
    let names = plan.axes.map(\.name)
    let wanted = try conditions.map { condition in
      let parts = condition.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let axis = names.firstIndex(where: { $0.rawValue == parts[0] }) else {
        let allowed = names.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--cell has \"\(condition)\"; write name=value with a name of \(allowed)")
      }
      let values = plan.axes[axis].values.map(\.description)
      guard values.contains(parts[1]) else {
        throw ValidationError(
          "--cell has \"\(condition)\"; the values of \(parts[0]) are \(values.joined(separator: ", "))")
      }
      return (axis: axis, value: parts[1])
    }
    let cells = Set(
      plan.cells.filter { cell in wanted.allSatisfy { cell.coordinates[$0.axis].description == $0.value } }.map(\.id))
    let found = trials.current.filter { $0.stage == .reporting && $0.result != nil && cells.contains($0.cell) }
    if found.isEmpty {
      let place = store.directory.path
      throw CommandFailure("\(place): no reporting trial of these cells has ended; see `attune status \(place)`")
    }
    return found
  }
}
