// Why a trial cannot be trained, in one line that says what was found and what to do.

package enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The processor runs neither build of the kernels.
  case unsupportedProcessor
  /// A checkpoint's bytes are not what they should be.
  case badCheckpoint(found: String)
  /// The shape needs more memory than a kernel may take.
  case tooLarge(what: String, bytes: Int)

  package var description: String {
    switch self {
    case .unsupportedProcessor:
      "this processor has neither AVX2 with FMA nor AVX-512; run the worker on an x86-64 machine from 2013 or later"
    case .badCheckpoint(let found):
      "checkpoint is unusable: \(found); delete it or start the trial without it"
    case .tooLarge(let what, let bytes):
      "\(what) needs \(bytes >> 20) MiB, more than 16 GiB are not attempted; lower context, dimension, layers or batch"
    }
  }
}
