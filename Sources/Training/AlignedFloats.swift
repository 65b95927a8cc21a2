// A buffer of floats that kernels may read: 64-byte aligned, so that no vector straddles a cache line.
import Kernels
import KernelTypes

/// Shared between the threads of one trial; which thread touches which part is decided by chunk index.
package final class AlignedFloats: @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  /// `count` zeros, with room up to the next whole vector.
  package init(count: Int) {
    self.count = count
    let capacity = (max(count, 1) + lanesPerBlock - 1) / lanesPerBlock * lanesPerBlock
    pointer = UnsafeMutableRawPointer.allocate(
      byteCount: capacity * MemoryLayout<Float>.stride, alignment: kernelAlignment
    ).bindMemory(to: Float.self, capacity: capacity)
    pointer.initialize(repeating: 0, count: capacity)
  }

  deinit { pointer.deallocate() }
}
