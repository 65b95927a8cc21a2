// Chooses the build of the kernels that this processor runs: on x86-64 AVX-512 where it can, AVX2 with FMA else, or none.
// All builds come from the same files and give the same bits.
package import KernelTypes
import CMachine

#if arch(arm64)
  import KernelsARM64
#else
  import KernelsAVX2
  import KernelsAVX512
#endif

package enum InstructionSet: String, CaseIterable, Sendable {
  case avx2, avx512
  #if arch(arm64)
    case arm64
  #endif

  package var isSupported: Bool {
    switch self {
    case .avx2: machine_has_avx2()
    case .avx512: machine_has_avx512()
    #if arch(arm64)
      case .arm64: true
    #endif
    }
  }

  /// - Precondition: `isSupported`.
  package var kernels: KernelTable {
    #if arch(arm64)
      KernelsARM64.kernelTable(instructionSet: rawValue)
    #else
      switch self {
      case .avx2: KernelsAVX2.kernelTable(instructionSet: rawValue)
      case .avx512: KernelsAVX512.kernelTable(instructionSet: rawValue)
      }
    #endif
  }

  /// The widest this processor supports, or nil: then nothing can be trained here.
  package static var best: InstructionSet? { allCases.last { $0.isSupported } }
}
