// Grant, result and acknowledged, written and read without the general library (QuickFields.swift says why).
// A change of attune.proto that concerns them comes with a change here; tests compare both on every example and on noise.
import Shared

func quickFrame(_ type: MessageType, _ address: TrialAddress) -> [UInt8] {
  var writer = FieldWriter(type, reserving: 48)
  writer.address(1, address)
  return writer.frame()
}

func quickFrame(_ grant: TrialGrant, _ parameters: String) -> [UInt8] {
  var writer = FieldWriter(.grant, reserving: parameters.utf8.count + 240)
  writer.integer(1, grant.trial.rawValue)
  writer.token(2, grant.token)
  writer.text(3, parameters)
  writer.integer(4, Int64(grant.seed.rawValue))
  switch grant.stage {
  case .tuning: writer.integer(5, 1)
  case .reference: writer.integer(5, 2)
  case .reporting: writer.integer(5, 3)
  }
  writer.integer(6, Int64(grant.threads))
  if let resume = grant.resume { writer.checkpoint(7, resume) }
  if let reference = grant.reference { writer.checkpoint(8, reference) }
  if let gang = grant.gang {
    writer.token(9, gang.first)
    writer.integer(10, Int64(gang.size))
  }
  if let until = grant.until { writer.integer(11, Int64(until)) }
  return writer.frame()
}

func quickFrame(_ address: TrialAddress, _ result: TrialResult) -> [UInt8] {
  var writer = FieldWriter(.result, reserving: 240)
  writer.address(1, address)
  switch result.outcome {
  case .finite: writer.integer(2, 1)
  case .diverged: writer.integer(2, 2)
  case .paused: writer.integer(2, 3)
  }
  let metrics = result.metrics
  writer.nested(3) {
    $0.double(1, canonical(metrics.trainLoss))
    $0.double(2, canonical(metrics.validationLoss))
    $0.double(3, canonical(metrics.testLoss))
    $0.double(4, canonical(metrics.testLossStandardError))
    $0.double(5, canonical(metrics.excess))
    $0.double(6, canonical(metrics.excessStandardError))
    $0.double(7, canonical(metrics.bayesLoss))
    $0.double(8, canonical(metrics.zeroLoss))
    $0.double(9, canonical(metrics.referenceLoss))
    $0.double(10, canonical(metrics.bayesIdentityZ))
  }
  writer.text(4, result.checkpoint.rawValue)
  writer.integer(5, Int64(result.steps))
  writer.double(6, result.seconds.isFinite ? max(0, result.seconds) : 0)
  for point in result.curve {
    writer.nested(7) {
      $0.integer(1, Int64(point.step))
      $0.double(2, canonical(point.trainLoss))
      $0.double(3, canonical(point.validationLoss))
      $0.double(4, canonical(point.learningRate))
    }
  }
  return writer.frame()
}

/// The message in `range` of `bytes`, whose length is what its header declares; nil where the library has to look.
package func quickWorkerMessage(_ bytes: [UInt8], _ range: Range<Int>) -> WorkerMessage? {
  guard FrameHeader.plainType(of: bytes, from: range.lowerBound) == UInt8(MessageType.result.rawValue) else {
    return nil
  }
  return bytes.withUnsafeBufferPointer {
    var fields = FieldReader($0, range.dropFirst(FrameHeader.byteCount))
    return fields.result()
  }
}

package func quickCoordinatorMessage(_ bytes: [UInt8], _ range: Range<Int>) -> CoordinatorMessage? {
  guard FrameHeader.plainType(of: bytes, from: range.lowerBound) == UInt8(MessageType.acknowledged.rawValue) else {
    return nil
  }
  return bytes.withUnsafeBufferPointer {
    var fields = FieldReader($0, range.dropFirst(FrameHeader.byteCount))
    guard case .field(1, 2)? = fields.tag(), let address = fields.address(), case .end? = fields.tag() else {
      return nil
    }
    return .acknowledged(address)
  }
}

extension FieldReader {
  fileprivate mutating func result() -> WorkerMessage? {
    var address: TrialAddress?, outcome: TrialOutcome?, metrics: FinalMetrics?, checkpoint: BlobDigest?
    var steps = 0, seconds = 0.0
    while true {
      switch tag() {
      case .field(1, 2)?: guard let value = self.address() else { return nil }; address = value
      case .field(2, 0)?:
        switch varint() {
        case 1?: outcome = .finite
        case 2?: outcome = .diverged
        case 3?: outcome = .paused
        default: return nil
        }
      case .field(3, 2)?: guard let value = self.metrics() else { return nil }; metrics = value
      case .field(4, 2)?: guard let value = digest() else { return nil }; checkpoint = value
      case .field(5, 0)?: guard let value = natural() else { return nil }; steps = value
      case .field(6, 1)?:
        guard let value = double(), value.isFinite, value >= 0 else { return nil }
        seconds = value
      case .end?:
        guard let address, let outcome, let metrics, let checkpoint else { return nil }
        return .result(
          address,
          TrialResult(outcome: outcome, metrics: metrics, checkpoint: checkpoint, steps: steps, seconds: seconds))
      default: return nil
      }
    }
  }
}
