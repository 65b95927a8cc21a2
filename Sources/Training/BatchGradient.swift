// One batch: its prompts, and the losses and gradients of one or several networks over them, by chunks of 64 prompts on
// the threads at hand, or by blocks of 16 where chunks are few. Both are summed in a fixed binary tree, so neither the
// number of threads nor the other networks change a bit.
import KernelTypes
import Kernels
import Shared

/// What the chunks of a batch add up to for one network.
final class GradientSums: @unchecked Sendable {
  fileprivate let network: PreparedNetwork
  /// Sums of all blocks, where threads share chunks.
  fileprivate let blockSums: AlignedFloats
  /// Chunk gradients of one wave, then one row per wave.
  fileprivate let chunkGradients: AlignedFloats
  fileprivate let waveGradients: AlignedFloats
  fileprivate let chunkLosses: AlignedFloats
  fileprivate var count: Int { network.pass.gradientCount }

  /// Mean loss over the batch last evaluated.
  fileprivate(set) var loss = Double.nan
  /// Its gradient, [L][H][dM, dP, dρ].
  var gradient: UnsafePointer<Float> { UnsafePointer(waveGradients.pointer) }

  fileprivate init(_ network: PreparedNetwork, chunks: Int, wave: Int, sharedBlocks: Int) {
    self.network = network
    let count = network.pass.gradientCount
    blockSums = AlignedFloats(count: sharedBlocks * network.pass.laneSumVectors * lanesPerBlock)
    chunkGradients = AlignedFloats(count: min(wave, chunks) * count)
    waveGradients = AlignedFloats(count: (chunks + wave - 1) / wave * count)
    chunkLosses = AlignedFloats(count: chunks)
  }
}

final class BatchGradient: @unchecked Sendable {
  private let kernels: KernelTable
  private let pool: WorkerPool
  private let stream: PromptStream
  private let count: Int
  private let chunks: Int
  private let blocks: Int
  /// Whether threads share chunks.
  private let sharesChunks: Bool
  private let prompts: AlignedFloats
  private let targets: AlignedFloats
  private let dataScratch: [AlignedFloats]
  private let networkScratch: [AlignedFloats]
  /// A chunk's prompts with y as a coordinate, where a network takes them so; else empty.
  private let wholeTokens: [AlignedFloats]
  /// A power of two of chunks: an aligned subtree.
  private let wave: Int
  /// Where prompts have several lengths: the streams of each, and the chunks of the batch at hand.
  private let lengths: PromptLengths?
  private let lengthStreams: [PromptStream]
  private var drawnChunks: [PromptLengths.Chunk] = []
  /// One for each network, in their order.
  private(set) var sums: [GradientSums]

  /// - networks: all that may be evaluated, of any depth and activations but of the stream's shape.
  /// - lengths: of the prompts, where they differ, and a stream for each length.
  init(
    _ parameters: TrialParameters, stream: PromptStream, pool: WorkerPool, kernels: KernelTable,
    networks: [PreparedNetwork], lengths: (of: PromptLengths, streams: [PromptStream])? = nil
  ) {
    self.lengths = lengths?.of
    lengthStreams = lengths?.streams ?? []
    self.kernels = kernels
    self.pool = pool
    self.stream = stream
    count = parameters.batch
    let chunks = lengths?.of.mostChunks ?? (count + promptsPerChunk - 1) / promptsPerChunk
    let blocks = (count + lanesPerBlock - 1) / lanesPerBlock
    let sharesChunks =
      lengths == nil
      && Self.sharesChunks(
        chunks: chunks, blocks: blocks, threads: pool.threadCount,
        sumVectors: networks.reduce(0) { $0 + $1.pass.laneSumVectors })
    prompts = AlignedFloats(count: chunks * blocksPerChunk * stream.floatsPerBlock)
    targets = AlignedFloats(count: chunks * promptsPerChunk)
    dataScratch = (0..<pool.threadCount).map { _ in AlignedFloats(count: stream.scratchCount) }
    let scratchCount = networks.map { kernels.networkScratch($0.pass) }.max() ?? 0
    networkScratch = (0..<pool.threadCount).map { _ in AlignedFloats(count: scratchCount) }
    let takesWhole = networks.contains { $0.pass.readsLastCoordinate }
    let wholeCount =
      takesWhole ? blocksPerChunk * (stream.floatsPerBlock + (parameters.context + 1) * lanesPerBlock) : 0
    wholeTokens = (0..<pool.threadCount).map { _ in AlignedFloats(count: wholeCount) }
    let gradientCount = networks.reduce(0) { $0 + $1.pass.gradientCount }
    var wave = 512
    while wave > 16, wave * gradientCount > 4 << 20 { wave /= 2 }
    let rows = wave
    sums = networks.map { GradientSums($0, chunks: chunks, wave: rows, sharedBlocks: sharesChunks ? blocks : 0) }
    (self.chunks, self.blocks, self.sharesChunks, self.wave) = (chunks, blocks, sharesChunks, wave)
  }

  /// Losses and gradients of some of the networks; what `sums` holds for them is valid until their next evaluation.
  /// A chunk is drawn and then taken by every network in turn, while it is in the cache.
  /// - drawing: the batch to draw first, or nil to use the prompts at hand.
  func evaluate(_ wanted: [GradientSums], drawing batch: Int?) {
    if let lengths, let batch { drawnChunks = lengths.chunks(batch: batch) }
    let chunks = lengths == nil ? chunks : drawnChunks.count
    if sharesChunks {
      pool.run(count: blocks) { [self] block, thread in
        if let batch { drawPrompts(from: block * lanesPerBlock, atMost: lanesPerBlock, thread: thread, batch: batch) }
        for sums in wanted { evaluateBlock(sums, block: block, thread: thread) }
      }
    }
    var first = 0
    var row = 0
    while first < chunks {
      let size = min(wave, chunks - first)
      let start = first
      pool.run(count: size) { [self] index, thread in
        if !sharesChunks, let batch { drawChunk(start + index, thread: thread, batch: batch) }
        for sums in wanted {
          if sharesChunks {
            sumBlocks(sums, chunk: start + index, slot: index)
          } else {
            evaluateChunk(sums, chunk: start + index, slot: index, thread: thread)
          }
        }
      }
      for sums in wanted {
        kernels.sumRows(sums.chunkGradients.pointer, size, sums.count)
        sums.waveGradients.pointer.advanced(by: row * sums.count).update(
          from: sums.chunkGradients.pointer, count: sums.count)
      }
      first += size
      row += 1
    }
    for sums in wanted {
      kernels.sumRows(sums.waveGradients.pointer, row, sums.count)
      sums.loss = treeSum(sums.chunkLosses.pointer, chunks) / Double(count)
    }
  }

  /// Drops what is kept for the network at `place`; those behind it move up.
  func forget(_ place: Int) { sums.remove(at: place) }

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
    if let lengths {
      let own = drawnChunks[chunk]
      lengthStreams[own.context - lengths.contexts.lowerBound].generate(
        batch: batch, indices: own.prompts, scratch: dataScratch[thread].pointer,
        prompts: prompts.pointer + chunk * blocksPerChunk * stream.floatsPerBlock,
        targets: targets.pointer + chunk * promptsPerChunk)
      return
    }
    drawPrompts(from: chunk * promptsPerChunk, atMost: promptsPerChunk, thread: thread, batch: batch)
  }

  private func drawPrompts(from first: Int, atMost limit: Int, thread: Int, batch: Int) {
    stream.generate(
      batch: batch, first: first, count: min(limit, count - first), scratch: dataScratch[thread].pointer,
      prompts: prompts.pointer + first / lanesPerBlock * stream.floatsPerBlock, targets: targets.pointer + first)
  }

  private func evaluateChunk(_ sums: GradientSums, chunk: Int, slot: Int, thread: Int) {
    if lengths != nil {
      let own = drawnChunks[chunk], gradient = sums.chunkGradients.pointer + slot * sums.count
      kernels.lossAndGradient(
        sums.network.pass(context: own.context), prompts.pointer + chunk * blocksPerChunk * stream.floatsPerBlock,
        targets.pointer + chunk * promptsPerChunk, (own.prompts.count + lanesPerBlock - 1) / lanesPerBlock,
        2 / Float(count), networkScratch[thread].pointer, gradient, sums.chunkLosses.pointer + chunk)
      sums.network.rescale(gradient, context: own.context)
      return
    }
    let firstBlock = chunk * blocksPerChunk, size = min(blocksPerChunk, blocks - firstBlock)
    kernels.lossAndGradient(
      sums.network.pass, tokens(of: sums, firstBlock, size, thread), targets.pointer + firstBlock * lanesPerBlock, size,
      2 / Float(count),
      networkScratch[thread].pointer, sums.chunkGradients.pointer + slot * sums.count, sums.chunkLosses.pointer + chunk)
  }

  private func evaluateBlock(_ sums: GradientSums, block: Int, thread: Int) {
    let first = block * lanesPerBlock, pass = sums.network.pass
    kernels.blockSums(
      pass, tokens(of: sums, block, 1, thread), targets.pointer + first, 2 / Float(count),
      networkScratch[thread].pointer, sums.blockSums.pointer + first * pass.laneSumVectors)
  }

  /// Blocks of prompts as the network takes them.
  private func tokens(
    of sums: GradientSums, _ firstBlock: Int, _ blocks: Int, _ thread: Int
  ) -> UnsafePointer<Float> {
    let plain = UnsafePointer(prompts.pointer + firstBlock * stream.floatsPerBlock), pass = sums.network.pass
    guard pass.readsLastCoordinate else { return plain }
    WholeMatrices.embed(plain, blocks: blocks, pass, into: wholeTokens[thread].pointer)
    return UnsafePointer(wholeTokens[thread].pointer)
  }

  private func sumBlocks(_ sums: GradientSums, chunk: Int, slot: Int) {
    let firstBlock = chunk * blocksPerChunk, pass = sums.network.pass
    kernels.sumBlocks(
      pass, sums.blockSums.pointer + firstBlock * lanesPerBlock * pass.laneSumVectors,
      min(blocksPerChunk, blocks - firstBlock), sums.chunkGradients.pointer + slot * sums.count,
      sums.chunkLosses.pointer + chunk)
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
