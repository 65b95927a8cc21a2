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
    let sums = scratch.parameterGradient
    let sumCount = pass.layers * pass.heads * pass.gradientPerHead
    for i in 0..<sumCount { sums[i] = .zero }
    let z = UnsafeRawPointer(prompts).assumingMemoryBound(to: Lanes.self)
    let target = UnsafeRawPointer(targets).assumingMemoryBound(to: Lanes.self)
    var lossSum = Lanes.zero
    for block in 0..<blocks {
      let input = z + block * pass.vectorsPerBlock
      let error = forward(pass, scratch, input) + target[block]
      lossSum = fma(error, error, lossSum)
      backward(pass, scratch, input, queryGradient: error * broadcast(gradientScale))
    }
    loss[0] = sumOfLanes(lossSum)
    for i in 0..<sumCount { gradient[i] = sumOfLanes(sums[i]) }
    for i in sumCount..<pass.gradientCount { gradient[i] = 0 }
  }

  /// Contract: `KernelTable.predict`.
  static func predict(
    _ pass: borrowing NetworkPass, _ prompts: UnsafePointer<Float>, _ blocks: Int,
    _ buffer: UnsafeMutablePointer<Float>, _ predictions: UnsafeMutablePointer<Float>
  ) {
    let scratch = NetworkScratch(pass, buffer)
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
    var y = input[pass.context * pass.features + pass.dimension]
    for head in 0..<pass.heads {
      y += HeadDispatch.forwardQuery(
        pass.activations[head], scratch.head(pass, layer: last, head: head, input: input))
    }
    return y
  }

  /// Adds the block's parameter gradients to `scratch.parameterGradient`, from the states the forward pass left.
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
        outputGradient[stateCount - 1] = queryGradient
      }
      for head in 0..<pass.heads {
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
