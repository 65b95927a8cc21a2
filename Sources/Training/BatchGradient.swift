// One batch: its prompts, and the loss and gradient over them, by chunks of 64 prompts on the trial's threads.
// Chunks are summed in a fixed binary tree by index, so the number of threads changes no bit.
import KernelTypes
import Kernels
import Shared

final class BatchGradient: @unchecked Sendable {
  private let kernels: KernelTable
  private let pool: WorkerPool
  private let stream: PromptStream
  private let count: Int
  private let chunks: Int
  private let prompts: AlignedFloats
  private let targets: AlignedFloats
  private let dataScratch: [AlignedFloats]
  private let networkScratch: [AlignedFloats]
  /// Chunk gradients of one wave, then one row per wave. A wave is a power of two of chunks: an aligned subtree.
  private let wave: Int
  private let chunkGradients: AlignedFloats
  private let waveGradients: AlignedFloats
  private let chunkLosses: AlignedFloats
  private let gradientCount: Int

  init(_ parameters: TrialParameters, stream: PromptStream, pool: WorkerPool, kernels: KernelTable, pass: NetworkPass) {
    self.kernels = kernels
    self.pool = pool
    self.stream = stream
    count = parameters.batch
    chunks = (count + promptsPerChunk - 1) / promptsPerChunk
    prompts = AlignedFloats(count: chunks * blocksPerChunk * stream.floatsPerBlock)
    targets = AlignedFloats(count: chunks * promptsPerChunk)
    dataScratch = (0..<pool.threadCount).map { _ in AlignedFloats(count: stream.scratchCount) }
    let scratchCount = kernels.networkScratch(pass)
    networkScratch = (0..<pool.threadCount).map { _ in AlignedFloats(count: scratchCount) }
    gradientCount = pass.gradientCount
    var wave = 512
    while wave > 16, wave * gradientCount > 4 << 20 { wave /= 2 }
    self.wave = wave
    chunkGradients = AlignedFloats(count: min(wave, chunks) * gradientCount)
    waveGradients = AlignedFloats(count: (chunks + wave - 1) / wave * gradientCount)
    chunkLosses = AlignedFloats(count: chunks)
  }

  /// Mean loss over the batch and its gradient, [L][H][dM, dP, dρ]; the pointer is valid until the next call.
  /// - drawing: the batch to draw first, or nil to use the prompts at hand.
  func evaluate(_ network: PreparedNetwork, drawing batch: Int?) -> (loss: Double, gradient: UnsafePointer<Float>) {
    var first = 0
    var row = 0
    while first < chunks {
      let size = min(wave, chunks - first)
      let start = first
      pool.run(count: size) { [self] index, thread in
        evaluateChunk(network, chunk: start + index, slot: index, thread: thread, drawing: batch)
      }
      kernels.sumRows(chunkGradients.pointer, size, gradientCount)
      waveGradients.pointer.advanced(by: row * gradientCount).update(from: chunkGradients.pointer, count: gradientCount)
      first += size
      row += 1
    }
    kernels.sumRows(waveGradients.pointer, row, gradientCount)
    return (treeSum(chunkLosses.pointer, chunks) / Double(count), UnsafePointer(waveGradients.pointer))
  }

  /// Draws batch `batch` without evaluating it.
  func draw(_ batch: Int) {
    pool.run(count: chunks) { [self] chunk, thread in drawChunk(chunk, thread: thread, batch: batch) }
  }

  private func drawChunk(_ chunk: Int, thread: Int, batch: Int) {
    let first = chunk * promptsPerChunk
    stream.generate(
      batch: batch, first: first, count: min(promptsPerChunk, count - first), scratch: dataScratch[thread].pointer,
      prompts: prompts.pointer + chunk * blocksPerChunk * stream.floatsPerBlock, targets: targets.pointer + first)
  }

  private func evaluateChunk(_ network: PreparedNetwork, chunk: Int, slot: Int, thread: Int, drawing batch: Int?) {
    let first = chunk * promptsPerChunk
    let size = min(promptsPerChunk, count - first)
    let blocks = (size + lanesPerBlock - 1) / lanesPerBlock
    if let batch { drawChunk(chunk, thread: thread, batch: batch) }
    kernels.lossAndGradient(
      network.pass, prompts.pointer + chunk * blocksPerChunk * stream.floatsPerBlock, targets.pointer + first, blocks,
      2 / Float(count), networkScratch[thread].pointer, chunkGradients.pointer + slot * gradientCount,
      chunkLosses.pointer + chunk)
  }
}

/// Sum in double precision by the same binary tree over indices as gradients.
func treeSum(_ values: UnsafePointer<Float>, _ count: Int) -> Double {
  var sums = (0..<count).map { Double(values[$0]) }
  var distance = 1
  while distance < count {
    var i = 0
    while i + distance < count {
      sums[i] += sums[i + distance]
      i += 2 * distance
    }
    distance *= 2
  }
  return sums.first ?? 0
}
