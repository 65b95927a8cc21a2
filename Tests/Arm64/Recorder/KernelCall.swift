// One recorded call of a kernel, as it lies in the file: this header, then arrays, each at a multiple of 64 bytes.
// Compiled into both sides: the recorder of an x86 machine and the replay on arm64.

/// Every field is a word, or a float's bits; fields that a kind of call does not use are zero.
struct KernelCall {
  enum Kind: UInt32 {
    /// No call: what follows belongs to the case with this name.
    case caseStart = 1
    case predict = 2, lossAndGradient = 3, generate = 4, sumRows = 5
  }

  /// The arrays that a call reads and those that it wrote.
  enum Section {
    case name, activations, keyQuery, value, residual, prompts, targets, transform, indices, rows
    case predictions, gradient, loss, latent, sum
  }

  static let bytes = 128
  static let mark: UInt32 = 0x4C41_4341
  static let nameWords = 16

  var mark = KernelCall.mark
  var kind: UInt32
  /// Of header and arrays together: where the next record starts.
  var recordBytes: UInt32 = 0
  /// 1 in a case whose recorded results were changed on purpose: the replay must notice.
  var isChanged: UInt32 = 0
  var dimension: UInt32 = 0
  var context: UInt32 = 0
  var layers: UInt32 = 0
  var heads: UInt32 = 0
  var blocks: UInt32 = 0
  var gradientCount: UInt32 = 0
  var gradientScale: UInt32 = 0
  var batch: UInt32 = 0
  /// Real prompts of `generate`, columns of `sumRows`.
  var count: UInt32 = 0
  var rowCount: UInt32 = 0
  var inputs: UInt32 = 0
  var labels: UInt32 = 0
  var kernelScale: UInt32 = 0
  var kernelOnX: UInt32 = 0
  var noise: UInt32 = 0
  var seed: UInt32 = 0
  var inputStream: UInt32 = 0
  var labelStream: UInt32 = 0
  var noiseStream: UInt32 = 0
  var hasLatent: UInt32 = 0

  init(_ kind: Kind) { self.kind = kind.rawValue }

  /// Words of an array: a number each, an activation each.
  func words(_ section: Section) -> Int {
    let d = Int(dimension), n = Int(context), blocks = Int(blocks), networkHeads = Int(layers) * Int(heads)
    return switch section {
    case .name: Self.nameWords
    case .activations: Int(heads)
    case .keyQuery, .value: networkHeads * d * d
    case .residual: networkHeads
    case .prompts: blocks * (n + 1) * (d + 1) * 16
    case .targets, .predictions, .indices: blocks * 16
    case .transform: d * d
    case .rows: Int(rowCount) * Int(count)
    case .sum: Int(count)
    case .gradient: Int(gradientCount)
    case .loss: 1
    case .latent: hasLatent == 0 ? 0 : blocks * (n + 1) * d * 16
    }
  }

  /// Bytes an array takes up in the file.
  func bytes(_ section: Section) -> Int { (words(section) * 4 + 63) / 64 * 64 }
}
