// Chooses the build of the kernels that this processor runs: AVX-512 where it can, AVX2 with FMA else, or none.
// Both builds come from the same files and give the same bits.
package import KernelTypes
import CMachine
import KernelsAVX2
import KernelsAVX512

package enum InstructionSet: String, CaseIterable, Sendable {
  case avx2, avx512

  package var isSupported: Bool {
    switch self {
    case .avx2: machine_has_avx2()
    case .avx512: machine_has_avx512()
    }
  }

  package var kernels: KernelTable {
    switch self {
    case .avx2: KernelsAVX2.kernelTable(instructionSet: rawValue)
    case .avx512: KernelsAVX512.kernelTable(instructionSet: rawValue)
    }
  }

  /// The widest this processor supports, or nil: then nothing can be trained here.
  package static var best: InstructionSet? { allCases.last { $0.isSupported } }
}
