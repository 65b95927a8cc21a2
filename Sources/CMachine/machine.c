// Processor features through the compiler's own CPUID support, which also asks whether the system saves the registers.
#include "CMachine.h"

#if defined(__x86_64__)
bool machine_has_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
bool machine_has_avx512(void) {
  __builtin_cpu_init();
  return machine_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
void machine_spin_hint(void) { __builtin_ia32_pause(); }
#else
bool machine_has_avx2(void) { return false; }
bool machine_has_avx512(void) { return false; }
#if defined(__aarch64__)
// YIELD does nothing on most cores; ISB waits a few dozen cycles, as PAUSE does.
void machine_spin_hint(void) { __asm__ volatile("isb" ::: "memory"); }
#else
void machine_spin_hint(void) {}
#endif
#endif
