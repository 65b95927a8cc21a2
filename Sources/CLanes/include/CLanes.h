// Vector instructions that Swift's SIMD types do not reach: on them squareRoot() calls the C library lane by lane.
// Inlined into the kernel modules and compiled there with their own instruction set.
#ifndef ATTUNE_CLANES_H
#define ATTUNE_CLANES_H

typedef float lanes_float16 __attribute__((ext_vector_type(16)));

/// √x of every lane, correctly rounded (IEEE 754).
static inline __attribute__((always_inline)) lanes_float16 lanes_square_root(lanes_float16 x) {
  return __builtin_elementwise_sqrt(x);
}
#endif
