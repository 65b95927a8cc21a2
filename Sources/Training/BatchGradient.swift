// One batch: its prompts, and the loss and gradient over them, by chunks of 64 prompts on the trial's threads, or by
// blocks of 16 where chunks are few. Both are summed in a fixed binary tree, so the number of threads changes no bit.
import KernelTypes
import Kernels
import Shared

final class BatchGradient: @unchecked Sendable {
  private let kernels: KernelTable
  private let pool: WorkerPool
  private let stream: PromptStream
  private let count: Int
  private let chunks: Int
  private let blocks: Int
  /// Whether threads share chunks, and the sums of all blocks, if they do.
  private let sharesChunks: Bool
  private let blockSums: AlignedFloats
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
    blocks = (count + lanesPerBlock - 1) / lanesPerBlock
    sharesChunks = Self.sharesChunks(
      chunks: chunks, blocks: blocks, threads: pool.threadCount, sumVectors: pass.laneSumVectors)
    blockSums = AlignedFloats(count: sharesChunks ? blocks * pass.laneSumVectors * lanesPerBlock : 0)
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
    if sharesChunks {
      pool.run(count: blocks) { [self] block, thread in
        evaluateBlock(network, block: block, thread: thread, drawing: batch)
      }
    }
    var first = 0
    var row = 0
    while first < chunks {
      let size = min(wave, chunks - first)
      let start = first
      pool.run(count: size) { [self] index, thread in
        if sharesChunks {
          sumBlocks(network, chunk: start + index, slot: index)
        } else {
          evaluateChunk(network, chunk: start + index, slot: index, thread: thread, drawing: batch)
        }
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

  /// Blocks balance better than chunks where these are few, but their sums take memory, so that they are not for large
  /// networks. The choice changes no bit.
  static func sharesChunks(chunks: Int, blocks: Int, threads: Int, sumVectors: Int) -> Bool {
    let byChunk = (chunks + threads - 1) / threads * blocksPerChunk, byBlock = (blocks + threads - 1) / threads
    let bytes = blocks * sumVectors * lanesPerBlock * MemoryLayout<Float>.stride
    return threads > 1 && byBlock * 16 < byChunk * 15 && bytes <= 32 << 20
  }

  private func drawChunk(_ chunk: Int, thread: Int, batch: Int) {
    drawPrompts(from: chunk * promptsPerChunk, atMost: promptsPerChunk, thread: thread, batch: batch)
  }

  private func drawPrompts(from first: Int, atMost limit: Int, thread: Int, batch: Int) {
    stream.generate(
      batch: batch, first: first, count: min(limit, count - first), scratch: dataScratch[thread].pointer,
      prompts: prompts.pointer + first / lanesPerBlock * stream.floatsPerBlock, targets: targets.pointer + first)
  }

  private func evaluateChunk(_ network: PreparedNetwork, chunk: Int, slot: Int, thread: Int, drawing batch: Int?) {
    let firstBlock = chunk * blocksPerChunk
    if let batch { drawChunk(chunk, thread: thread, batch: batch) }
    kernels.lossAndGradient(
      network.pass, prompts.pointer + firstBlock * stream.floatsPerBlock, targets.pointer + firstBlock * lanesPerBlock,
      min(blocksPerChunk, blocks - firstBlock), 2 / Float(count), networkScratch[thread].pointer,
      chunkGradients.pointer + slot * gradientCount, chunkLosses.pointer + chunk)
  }

  private func evaluateBlock(_ network: PreparedNetwork, block: Int, thread: Int, drawing batch: Int?) {
    let first = block * lanesPerBlock
    if let batch { drawPrompts(from: first, atMost: lanesPerBlock, thread: thread, batch: batch) }
    kernels.blockSums(
      network.pass, prompts.pointer + block * stream.floatsPerBlock, targets.pointer + first, 2 / Float(count),
      networkScratch[thread].pointer, blockSums.pointer + first * network.pass.laneSumVectors)
  }

  private func sumBlocks(_ network: PreparedNetwork, chunk: Int, slot: Int) {
    let firstBlock = chunk * blocksPerChunk
    kernels.sumBlocks(
      network.pass, blockSums.pointer + firstBlock * lanesPerBlock * network.pass.laneSumVectors,
      min(blocksPerChunk, blocks - firstBlock), chunkGradients.pointer + slot * gradientCount,
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
