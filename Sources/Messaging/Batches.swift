// Several messages in one frame, so that trials of a millisecond do not cost a socket's message each. A batch is a way to
// travel, not a message of its own: it is taken apart here, every part is judged by itself, and none shares another's fate.
import Shared

enum Batch {
  /// A part is a whole frame, header and all.
  /// - Throws: where the batch itself is not whole; nothing of it counts then.
  static func parts(
    _ frame: [UInt8], type: MessageType, body: Range<Int>
  ) throws(ProtocolError) -> [Range<Int>] {
    let check = FieldCheck(message: type.name)
    try check.count("batch", frame.count, limit: WireLimits.batchBytes + FrameHeader.byteCount)
    var parts: [Range<Int>] = []
    var start = body.lowerBound
    while start < body.upperBound {
      guard let part = FrameHeader.extent(of: frame, from: start, end: body.upperBound) else {
        throw check.refusal("part \(parts.count + 1)", "cut short", "a header and the bytes that it declares")
      }
      parts.append(part)
      try check.count("parts", parts.count, limit: WireLimits.batchParts)
      start = part.upperBound
    }
    return parts
  }

  /// Frames in the order of `messages`: whoever has no say in a batch (a chunk, a hello) travels alone.
  static func pack(_ bodies: [[[UInt8]]], as type: MessageType) -> [PackedFrames] {
    var packed: [PackedFrames] = []
    var parts: [[UInt8]] = []
    var byteCount = 0
    func close() {
      if parts.count == 1 {
        packed.append((parts, 1))
      } else if parts.count > 1 {
        var frame = FrameHeader(type: type, bodyByteCount: byteCount).bytes(reserving: byteCount)
        for part in parts { frame += part }
        packed.append(([frame], parts.count))
      }
      parts = []
      byteCount = 0
    }
    for frames in bodies {
      guard frames.count == 1, frames[0].count <= WireLimits.batchBytes / 2 else {
        close()
        packed.append((frames, 1))
        continue
      }
      if parts.count == WireLimits.batchParts || byteCount + frames[0].count > WireLimits.batchBytes { close() }
      parts.append(frames[0])
      byteCount += frames[0].count
    }
    close()
    return packed
  }
}

/// The frames of one or several messages, and how many they are.
package typealias PackedFrames = (frames: [[UInt8]], messages: Int)

/// Messages in as few frames as they need.
package func encode(batched messages: [CoordinatorMessage], _ texts: ParameterTexts) -> [PackedFrames] {
  Batch.pack(messages.map { encode($0, texts) }, as: .coordinatorBatch)
}

package func encode(batched messages: [WorkerMessage]) -> [PackedFrames] {
  Batch.pack(messages.map { encode($0) }, as: .workerBatch)
}

/// Everything that one message of a worker holds.
package func unpackWorkerMessage(_ frames: [[UInt8]]) throws(ProtocolError) -> [Result<WorkerMessage, ProtocolError>] {
  guard try MessageType.batch(in: frames) == .workerBatch else { return [.success(try decodeWorkerMessage(frames))] }
  let header = try FrameHeader(frames) { $0 == .workerBatch }
  var parts: [Result<WorkerMessage, ProtocolError>] = []
  for part in try Batch.parts(frames[0], type: header.type, body: FrameHeader.byteCount..<frames[0].count) {
    do throws(ProtocolError) {
      if let message = quickWorkerMessage(frames[0], part) {
        parts.append(.success(message))
      } else {
        parts.append(.success(try decodeWorkerMessage([Array(frames[0][part])])))
      }
    } catch {
      parts.append(.failure(error))
    }
  }
  return parts
}

package func unpackCoordinatorMessage(
  _ frames: [[UInt8]], _ texts: ParameterTexts
) throws(ProtocolError) -> [Result<CoordinatorMessage, ProtocolError>] {
  guard try MessageType.batch(in: frames) == .coordinatorBatch else {
    return [.success(try decodeCoordinatorMessage(frames, texts))]
  }
  let header = try FrameHeader(frames) { $0 == .coordinatorBatch }
  var parts: [Result<CoordinatorMessage, ProtocolError>] = []
  for part in try Batch.parts(frames[0], type: header.type, body: FrameHeader.byteCount..<frames[0].count) {
    do throws(ProtocolError) {
      if let message = quickCoordinatorMessage(frames[0], part) {
        parts.append(.success(message))
      } else {
        parts.append(.success(try decodeCoordinatorMessage([Array(frames[0][part])], texts)))
      }
    } catch {
      parts.append(.failure(error))
    }
  }
  return parts
}

/// Configurations and their canonical texts as they travel in grants. Many trials share one; making and reading the text
/// takes longer than everything else about a grant.
package final class ParameterTexts {
  private static let most = 1024
  private var texts: [TrialParameters: String] = [:]
  private var parameters: [String: TrialParameters] = [:]
  private var latest: (parameters: TrialParameters, text: String)?

  package init() {}

  func text(of parameters: TrialParameters) -> String {
    if let latest, latest.parameters == parameters { return latest.text }
    if texts.count >= Self.most { texts = [:] }
    let text = texts[parameters] ?? parameters.canonicalJSON
    texts[parameters] = text
    latest = (parameters, text)
    return text
  }

  func parameters(from text: String) throws(ParameterError) -> TrialParameters {
    if let latest, latest.text == text { return latest.parameters }
    if parameters.count >= Self.most { parameters = [:] }
    let read: TrialParameters
    if let known = parameters[text] { read = known } else { read = try TrialParameters(canonicalJSON: text) }
    parameters[text] = read
    latest = (read, text)
    return read
  }
}
