// Vector instructions that Swift's SIMD types do not reach: on them squareRoot() calls the C library lane by lane,
// and sums over lanes become gathers.
// Inlined into the kernel modules and compiled there with their own instruction set.
#ifndef ATTUNE_CLANES_H
#define ATTUNE_CLANES_H

typedef float lanes_float16 __attribute__((ext_vector_type(16)));
typedef float lanes_float8 __attribute__((ext_vector_type(8)));

/// √x of every lane, correctly rounded (IEEE 754).
static inline __attribute__((always_inline)) lanes_float16 lanes_square_root(lanes_float16 x) {
  return __builtin_elementwise_sqrt(x);
}

/// The same for half of the lanes, where a register holds no more.
static inline __attribute__((always_inline)) lanes_float8 lanes_square_root_half(lanes_float8 x) {
  return __builtin_elementwise_sqrt(x);
}

/// Sums over the lanes of each of 16 vectors, in the tree of distances 8, 4, 2, 1.
static inline __attribute__((always_inline)) lanes_float16 lanes_sums(
    lanes_float16 a, lanes_float16 b, lanes_float16 c, lanes_float16 d, lanes_float16 e, lanes_float16 f,
    lanes_float16 g, lanes_float16 h, lanes_float16 i, lanes_float16 j, lanes_float16 k, lanes_float16 l,
    lanes_float16 m, lanes_float16 n, lanes_float16 o, lanes_float16 p) {
  lanes_float16 v[16] = {a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p}, eight[8], four[4], two[2];
  for (int t = 0; t < 8; t++) {
    lanes_float16 a = v[2 * t], b = v[2 * t + 1];
    eight[t] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
      + __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  }
  for (int t = 0; t < 4; t++) {
    lanes_float16 a = eight[2 * t], b = eight[2 * t + 1];
    four[t] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
      + __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  }
  for (int t = 0; t < 2; t++) {
    lanes_float16 a = four[2 * t], b = four[2 * t + 1];
    two[t] = __builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29)
      + __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
  }
  return __builtin_shufflevector(two[0], two[1], 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
    + __builtin_shufflevector(two[0], two[1], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

#endif
