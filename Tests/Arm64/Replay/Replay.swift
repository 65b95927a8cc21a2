// Plays recorded kernel calls again on arm64 and compares every number with what x86 made of them.
// Embedded Swift, one module with the kernels: no Foundation, nothing but memory; `main.c` reads the file and prints.
import KernelTypes

/// Reads a record's arrays in the order in which they were written.
private struct ArrayReader {
  let call: KernelCall
  private var position: UnsafeRawPointer

  init(_ record: UnsafeRawPointer) {
    call = record.load(as: KernelCall.self)
    position = record + KernelCall.bytes
  }

  mutating func next<Element>(_ section: KernelCall.Section, as: Element.Type) -> UnsafePointer<Element> {
    defer { position += call.bytes(section) }
    return position.assumingMemoryBound(to: Element.self)
  }
  mutating func floats(_ section: KernelCall.Section) -> UnsafePointer<Float> { next(section, as: Float.self) }
}

/// Aligned memory whose bits are all ones, so that what a kernel left unwritten or read unwritten shows.
private func allocateFloats(_ count: Int) -> UnsafeMutablePointer<Float> {
  let bytes = max(1, (count + 15) / 16) * 64
  let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: kernelAlignment)
  for word in 0..<bytes / 4 { memory.storeBytes(of: .max, toByteOffset: word * 4, as: UInt32.self) }
  return memory.assumingMemoryBound(to: Float.self)
}

/// Numbers compared, and the first that differs.
private struct Comparison {
  var compared = 0
  var different = -1
  var found: UInt32 = 0
  var expected: UInt32 = 0

  /// NaN equals NaN: its sign and payload are the processor's, and nothing that is stored keeps them.
  mutating func compare(_ result: UnsafePointer<Float>, _ recorded: UnsafePointer<Float>, _ count: Int) {
    for i in 0..<count {
      let a = result[i], b = recorded[i]
      if different < 0 && a.bitPattern != b.bitPattern && !(a.isNaN && b.isNaN) {
        (different, found, expected) = (compared + i, a.bitPattern, b.bitPattern)
      }
    }
    compared += count
  }
}

/// Plays the record's call. Writes how many numbers were compared and, where one differs, its index among them, its bits
/// here and its bits on x86; the index is −1 where all are the same.
@_cdecl("attune_replay")
func replay(_ record: UnsafeRawPointer, _ answer: UnsafeMutablePointer<Int64>) {
  var reader = ArrayReader(record)
  var comparison = Comparison()
  let kernels = kernelTable(instructionSet: "arm64")
  switch KernelCall.Kind(rawValue: reader.call.kind) {
  case .predict: replayNetwork(&reader, &comparison, kernels, isGradient: false)
  case .lossAndGradient: replayNetwork(&reader, &comparison, kernels, isGradient: true)
  case .generate: replayGeneration(&reader, &comparison, kernels)
  case .sumRows: replaySum(&reader, &comparison, kernels)
  case .caseStart, nil: comparison.different = 0
  }
  answer[0] = Int64(comparison.compared)
  answer[1] = Int64(comparison.different)
  answer[2] = Int64(comparison.found)
  answer[3] = Int64(comparison.expected)
}

private func replayNetwork(
  _ reader: inout ArrayReader, _ comparison: inout Comparison, _ kernels: KernelTable, isGradient: Bool
) {
  let call = reader.call, heads = Int(call.heads), blocks = Int(call.blocks)
  let codes = reader.next(.activations, as: UInt32.self)
  let activations = UnsafeMutablePointer<ActivationCode>.allocate(capacity: heads)
  for i in 0..<heads { (activations + i).initialize(to: ActivationCode(rawValue: UInt8(codes[i])) ?? .linear) }
  let pass = NetworkPass(
    dimension: Int(call.dimension), context: Int(call.context), layers: Int(call.layers), heads: heads,
    activations: activations, keyQuery: reader.floats(.keyQuery), value: reader.floats(.value),
    residual: reader.floats(.residual))
  let prompts = reader.floats(.prompts)
  let scratch = allocateFloats(kernels.networkScratch(pass))
  let predictions = allocateFloats(call.words(.predictions)), gradient = allocateFloats(call.words(.gradient))
  let loss = allocateFloats(1)
  if isGradient {
    let scale = Float(bitPattern: call.gradientScale)
    kernels.lossAndGradient(pass, prompts, reader.floats(.targets), blocks, scale, scratch, gradient, loss)
    comparison.compare(gradient, reader.floats(.gradient), pass.gradientCount)
    comparison.compare(loss, reader.floats(.loss), 1)
  } else {
    kernels.predict(pass, prompts, blocks, scratch, predictions)
    comparison.compare(predictions, reader.floats(.predictions), call.words(.predictions))
  }
  activations.deallocate()
  scratch.deallocate()
  predictions.deallocate()
  gradient.deallocate()
  loss.deallocate()
}

private func replayGeneration(_ reader: inout ArrayReader, _ comparison: inout Comparison, _ kernels: KernelTable) {
  let call = reader.call
  let recipe = DataRecipe(
    dimension: Int(call.dimension), context: Int(call.context),
    inputs: InputCode(rawValue: UInt8(call.inputs)) ?? .sphere,
    labels: LabelCode(rawValue: UInt8(call.labels)) ?? .linear, kernelScale: Float(bitPattern: call.kernelScale),
    kernelOnX: call.kernelOnX != 0, noise: Float(bitPattern: call.noise), transform: reader.floats(.transform),
    seed: call.seed, inputStream: call.inputStream, labelStream: call.labelStream, noiseStream: call.noiseStream)
  let indices = reader.next(.indices, as: UInt32.self)
  let scratch = allocateFloats(kernels.dataScratch(recipe))
  let prompts = allocateFloats(call.words(.prompts)), targets = allocateFloats(call.words(.targets))
  let latent = allocateFloats(call.words(.latent))
  kernels.generate(
    recipe, call.batch, indices, Int(call.count), Int(call.blocks), scratch, prompts, targets,
    call.hasLatent != 0 ? latent : nil)
  comparison.compare(prompts, reader.floats(.prompts), call.words(.prompts))
  comparison.compare(targets, reader.floats(.targets), call.words(.targets))
  comparison.compare(latent, reader.floats(.latent), call.words(.latent))
  scratch.deallocate()
  prompts.deallocate()
  targets.deallocate()
  latent.deallocate()
}

private func replaySum(_ reader: inout ArrayReader, _ comparison: inout Comparison, _ kernels: KernelTable) {
  let call = reader.call, count = call.words(.rows)
  let recorded = reader.floats(.rows), rows = allocateFloats(count)
  rows.update(from: recorded, count: count)
  kernels.sumRows(rows, Int(call.rowCount), Int(call.count))
  comparison.compare(rows, reader.floats(.sum), call.words(.sum))
  rows.deallocate()
}
