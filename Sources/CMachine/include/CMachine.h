// The few things of the machine and the operating system that Swift cannot ask for itself.
#ifndef ATTUNE_CMACHINE_H
#define ATTUNE_CMACHINE_H
#include <stdbool.h>

/// Whether processor and operating system run AVX2 with FMA.
bool machine_has_avx2(void);
/// Whether they run the AVX-512 subsets of skylake-avx512 (F, CD, BW, DQ, VL).
bool machine_has_avx512(void);
/// Tells the processor that this thread spins.
void machine_spin_hint(void);
#endif
