// Forward and backward passes of the whole network over a chunk of prompts (docs/science.md §1).
// Layers read their input's states; the last computes the query's y only, the first gives no input gradient.
import KernelTypes

enum NetworkKernel {
  static func scratchFloats(_ pass: borrowing NetworkPass) -> Int {
    // Sizes do not depend on where the buffer lies.
    NetworkScratch(pass, UnsafeMutablePointer(bitPattern: kernelAlignment)!).total * lanesPerBlock
  }

  /// Contract: `KernelTable.lossAndGradient`.
  static func lossAndGradient(
    _ pass: borrowing NetworkPass, _ prompts: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ blocks: Int,
    _ gradientScale: Float, _ buffer: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ loss: UnsafeMutablePointer<Float>
  ) {
    let scratch = NetworkScratch(pass, buffer)
    let z = UnsafeRawPointer(prompts).assumingMemoryBound(to: Lanes.self)
    let target = UnsafeRawPointer(targets).assumingMemoryBound(to: Lanes.self)
    let (a, b, c) = (scratch.rowOfSums(0), scratch.rowOfSums(1), scratch.rowOfSums(2))
    let count = pass.laneSumVectors
    for first in stride(from: 0, to: blocks, by: blocksPerChunk) {
      let inChunk = min(blocksPerChunk, blocks - first)
      for block in 0..<inChunk {
        let row = block == 0 ? a : block == 3 ? c : b
        addBlock(pass, scratch, z + (first + block) * pass.vectorsPerBlock, target[first + block], gradientScale, row)
        if block == 1 { for i in 0..<count { a[i] += b[i] } }
      }
      finish(pass, gradient, loss, isFirst: first == 0) { i in
        inChunk < 3 ? a[i] : a[i] + (inChunk == 3 ? b[i] : b[i] + c[i])
      }
    }
  }

  /// Contract: `KernelTable.blockSums`.
  static func blockSums(
    _ pass: borrowing NetworkPass, _ prompts: UnsafePointer<Float>, _ target: UnsafePointer<Float>,
    _ gradientScale: Float, _ buffer: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>
  ) {
    addBlock(
      pass, NetworkScratch(pass, buffer), UnsafeRawPointer(prompts).assumingMemoryBound(to: Lanes.self),
      UnsafeRawPointer(target).assumingMemoryBound(to: Lanes.self)[0], gradientScale,
      UnsafeMutableRawPointer(sums).assumingMemoryBound(to: Lanes.self))
  }

  /// Contract: `KernelTable.sumBlocks`.
  static func sumBlocks(
    _ pass: borrowing NetworkPass, _ sums: UnsafePointer<Float>, _ blocks: Int,
    _ gradient: UnsafeMutablePointer<Float>, _ loss: UnsafeMutablePointer<Float>
  ) {
    let a = UnsafeRawPointer(sums).assumingMemoryBound(to: Lanes.self), count = pass.laneSumVectors
    let b = a + count, c = b + count, d = c + count
    finish(pass, gradient, loss, isFirst: true) { i in
      let first = blocks == 1 ? a[i] : a[i] + b[i]
      return blocks < 3 ? first : first + (blocks == 3 ? c[i] : c[i] + d[i])
    }
  }

  /// Sums of one block per lane, written to `row`: gradients, then squared errors.
  @inline(__always)
  private static func addBlock(
    _ pass: borrowing NetworkPass, _ scratch: NetworkScratch, _ input: UnsafePointer<Lanes>, _ target: Lanes,
    _ gradientScale: Float, _ row: UnsafeMutablePointer<Lanes>
  ) {
    var scratch = scratch
    scratch.sums = row
    let last = pass.laneSumVectors - 1
    for i in 0..<last { row[i] = .zero }
    let error = forward(pass, scratch, input) + target
    row[last] = error * error
    backward(pass, scratch, input, queryGradient: error * broadcast(gradientScale))
    if pass.programs != nil { clearPadding(pass, input, row) }
  }

  /// Writes or adds a chunk's sums over its lanes; `sum(i)` is lane sum i over the chunk's blocks.
  @inline(__always)
  private static func finish(
    _ pass: borrowing NetworkPass, _ gradient: UnsafeMutablePointer<Float>, _ loss: UnsafeMutablePointer<Float>,
    isFirst: Bool, _ sum: (Int) -> Lanes
  ) {
    let last = pass.laneSumVectors - 1
    let out = UnsafeMutableRawPointer(gradient).assumingMemoryBound(to: Lanes.self)
    for first in stride(from: 0, to: last, by: 16) {
      let sums = sumsOfLanes { first + $0 < last ? sum(first + $0) : .zero }
      out[first / 16] = isFirst ? sums : out[first / 16] + sums
    }
    loss[0] = isFirst ? sumOfLanes(sum(last)) : loss[0] + sumOfLanes(sum(last))
  }

  /// Lanes past the batch hold zeros and add nothing, but a formula need not be a number at 0.
  private static func clearPadding(
    _ pass: borrowing NetworkPass, _ input: UnsafePointer<Lanes>, _ row: UnsafeMutablePointer<Lanes>
  ) {
    let query = input + pass.context * pass.features
    var square = Lanes.zero
    for k in 0..<pass.dimension { square = fma(query[k], query[k], square) }
    var isFull = true
    for lane in 0..<lanesPerBlock where square[lane] == 0 { isFull = false }
    if isFull { return }
    let isReal = greater(square, .zero)
    for i in 0..<pass.laneSumVectors { row[i] = select(isReal, row[i], .zero) }
  }

  /// Contract: `KernelTable.predict`.
  static func predict(
    _ pass: borrowing NetworkPass, _ prompts: UnsafePointer<Float>, _ blocks: Int,
    _ buffer: UnsafeMutablePointer<Float>, _ predictions: UnsafeMutablePointer<Float>
  ) {
    var scratch = NetworkScratch(pass, buffer)
    scratch.isTraining = false
    let z = UnsafeRawPointer(prompts).assumingMemoryBound(to: Lanes.self)
    let out = UnsafeMutableRawPointer(predictions).assumingMemoryBound(to: Lanes.self)
    for block in 0..<blocks { out[block] = -forward(pass, scratch, z + block * pass.vectorsPerBlock) }
  }

  /// The query's y after the last layer (= −ŷ).
  @inline(__always)
  private static func forward(
    _ pass: borrowing NetworkPass, _ scratch: borrowing NetworkScratch, _ prompts: UnsafePointer<Lanes>
  ) -> Lanes {
    let last = pass.layers - 1
    for layer in 0..<last {
      let input = layer == 0 ? prompts : UnsafePointer(scratch.output(of: layer - 1))
      let output = scratch.output(of: layer)
      for head in 0..<pass.heads {
        HeadDispatch.forward(
          pass.activations[head], scratch.head(pass, layer: layer, head: head, input: input),
          base: head == 0 ? input : UnsafePointer(output), output: output)
      }
    }
    let input = last == 0 ? prompts : UnsafePointer(scratch.output(of: last - 1))
    if pass.readsLastCoordinate { return input[pass.context * pass.features + pass.dimension - 1] }
    var y = input[pass.context * pass.features + pass.dimension]
    for head in 0..<pass.heads {
      y += HeadDispatch.forwardQuery(
        pass.activations[head], scratch.head(pass, layer: last, head: head, input: input))
    }
    return y
  }

  /// Adds the block's parameter gradients to `scratch.sums`, from the states the forward pass left.
  @inline(__always)
  private static func backward(
    _ pass: borrowing NetworkPass, _ scratch: borrowing NetworkScratch, _ prompts: UnsafePointer<Lanes>,
    queryGradient: Lanes
  ) {
    let last = pass.layers - 1
    let stateCount = scratch.state
    var outputGradient = scratch.stateGradient(0)
    do {
      let input = last == 0 ? prompts : UnsafePointer(scratch.output(of: last - 1))
      if last > 0 {
        for i in 0..<stateCount { outputGradient[i] = .zero }
        outputGradient[stateCount - (pass.readsLastCoordinate ? 2 : 1)] = queryGradient
      }
      for head in 0..<(pass.readsLastCoordinate ? 0 : pass.heads) {
        HeadDispatch.backwardQuery(
          pass.activations[head], scratch.head(pass, layer: last, head: head, input: input),
          queryGradient: queryGradient, inputGradient: last == 0 ? nil : outputGradient)
      }
    }
    var layer = last - 1
    while layer >= 0 {
      let input = layer == 0 ? prompts : UnsafePointer(scratch.output(of: layer - 1))
      let inputGradient = scratch.stateGradient(last - layer)
      if layer > 0 { for i in 0..<stateCount { inputGradient[i] = outputGradient[i] } }
      for head in 0..<pass.heads {
        HeadDispatch.backward(
          pass.activations[head], scratch.head(pass, layer: layer, head: head, input: input),
          outputGradient: outputGradient, inputGradient: layer == 0 ? nil : inputGradient)
      }
      outputGradient = inputGradient
      layer -= 1
    }
  }
}
