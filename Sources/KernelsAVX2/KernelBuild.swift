// This build's entry points as a table; `Kernels` chooses between the builds.
import KernelTypes

package func kernelTable(instructionSet: String) -> KernelTable {
  KernelTable(
    instructionSet: instructionSet, networkScratch: NetworkKernel.scratchFloats,
    lossAndGradient: NetworkKernel.lossAndGradient, blockSums: NetworkKernel.blockSums,
    sumBlocks: NetworkKernel.sumBlocks, predict: NetworkKernel.predict,
    dataScratch: DataKernel.scratchFloats, generate: DataKernel.generate, sumRows: Reduction.sumRows,
    multiplyAddRounds: Peak.multiplyAddRounds)
}
