// A kernel table that writes down every call it passes on: what went in and what the kernels of x86 made of it.
// Whatever runs on a `KernelTable` can so be played again elsewhere, call by call.
import Foundation
import KernelTypes

/// Calls come from one thread: trials are recorded with `threads: 1`.
final class CallRecorder: @unchecked Sendable {
  private(set) var bytes: [UInt8] = []
  /// Changes the lowest bit of the first number that each of the next calls wrote.
  var changesExpected = false

  func start(_ name: String) {
    var words = [UInt32](repeating: 0, count: KernelCall.nameWords)
    words.withUnsafeMutableBytes { $0.copyBytes(from: name.utf8.prefix(KernelCall.nameWords * 4 - 1)) }
    words.withUnsafeBytes { append(KernelCall(.caseStart), [(.name, $0.baseAddress)]) }
  }

  /// - results: the arrays among `sections` that the call wrote, of which the first is changed on request.
  private func append(
    _ call: KernelCall, _ sections: [(KernelCall.Section, UnsafeRawPointer?)],
    results: [(KernelCall.Section, UnsafeRawPointer?)] = []
  ) {
    var call = call
    let all = sections + results
    call.recordBytes = UInt32(KernelCall.bytes + all.reduce(0) { $0 + call.bytes($1.0) })
    call.isChanged = changesExpected ? 1 : 0
    let start = bytes.count
    withUnsafeBytes(of: call) { bytes += $0 }
    bytes += repeatElement(0, count: start + KernelCall.bytes - bytes.count)
    for (index, (section, pointer)) in all.enumerated() {
      let first = bytes.count
      if let pointer { bytes += UnsafeRawBufferPointer(start: pointer, count: call.words(section) * 4) }
      bytes += repeatElement(0, count: first + call.bytes(section) - bytes.count)
      if changesExpected && index == sections.count { bytes[first] ^= 1 }
    }
  }

  private func network(
    _ call: inout KernelCall, _ pass: borrowing NetworkPass, blocks: Int
  ) -> (activations: [UInt32], sections: [(KernelCall.Section, UnsafeRawPointer?)]) {
    (call.dimension, call.context) = (UInt32(pass.dimension), UInt32(pass.context))
    (call.layers, call.heads, call.blocks) = (UInt32(pass.layers), UInt32(pass.heads), UInt32(blocks))
    call.gradientCount = UInt32(pass.gradientCount)
    return (
      UnsafeBufferPointer(start: pass.activations, count: pass.heads).map { UInt32($0.rawValue) },
      [
        (.keyQuery, UnsafeRawPointer(pass.keyQuery)), (.value, UnsafeRawPointer(pass.value)),
        (.residual, UnsafeRawPointer(pass.residual)),
      ]
    )
  }

  /// `kernels`, with every call of a kernel written down.
  func recording(_ kernels: KernelTable) -> KernelTable {
    KernelTable(
      instructionSet: kernels.instructionSet, networkScratch: kernels.networkScratch,
      lossAndGradient: { pass, prompts, targets, blocks, scale, scratch, gradient, loss in
        kernels.lossAndGradient(pass, prompts, targets, blocks, scale, scratch, gradient, loss)
        var call = KernelCall(.lossAndGradient)
        call.gradientScale = scale.bitPattern
        let (activations, sections) = self.network(&call, pass, blocks: blocks)
        activations.withUnsafeBytes {
          self.append(
            call,
            [(.activations, $0.baseAddress)] + sections + [(.prompts, .init(prompts)), (.targets, .init(targets))],
            results: [(.gradient, .init(gradient)), (.loss, .init(loss))])
        }
      },
      // Trials of one thread do not share chunks.
      blockSums: kernels.blockSums, sumBlocks: kernels.sumBlocks,
      predict: { pass, prompts, blocks, scratch, predictions in
        kernels.predict(pass, prompts, blocks, scratch, predictions)
        var call = KernelCall(.predict)
        let (activations, sections) = self.network(&call, pass, blocks: blocks)
        activations.withUnsafeBytes {
          self.append(
            call, [(.activations, $0.baseAddress)] + sections + [(.prompts, .init(prompts))],
            results: [(.predictions, .init(predictions))])
        }
      }, dataScratch: kernels.dataScratch,
      generate: { recipe, batch, indices, count, blocks, scratch, prompts, targets, latent in
        kernels.generate(recipe, batch, indices, count, blocks, scratch, prompts, targets, latent)
        var call = KernelCall(.generate)
        (call.dimension, call.context) = (UInt32(recipe.dimension), UInt32(recipe.context))
        (call.batch, call.count, call.blocks) = (batch, UInt32(count), UInt32(blocks))
        (call.inputs, call.labels) = (UInt32(recipe.inputs.rawValue), UInt32(recipe.labels.rawValue))
        (call.kernelScale, call.noise) = (recipe.kernelScale.bitPattern, recipe.noise.bitPattern)
        (call.kernelOnX, call.hasLatent) = (recipe.kernelOnX ? 1 : 0, latent == nil ? 0 : 1)
        (call.seed, call.inputStream) = (recipe.seed, recipe.inputStream)
        (call.labelStream, call.noiseStream) = (recipe.labelStream, recipe.noiseStream)
        self.append(
          call, [(.transform, .init(recipe.transform)), (.indices, .init(indices))],
          results: [(.prompts, .init(prompts)), (.targets, .init(targets)), (.latent, latent.map { .init($0) })])
      },
      sumRows: { rows, rowCount, count in
        var call = KernelCall(.sumRows)
        (call.rowCount, call.count) = (UInt32(rowCount), UInt32(count))
        let before = Array(UnsafeBufferPointer(start: rows, count: rowCount * count))
        kernels.sumRows(rows, rowCount, count)
        before.withUnsafeBytes {
          self.append(call, [(.rows, $0.baseAddress)], results: [(.sum, UnsafeRawPointer(rows))])
        }
      }, multiplyAddRounds: kernels.multiplyAddRounds)
  }
}
