// Elementary functions in double precision with the same bits on every machine, for the expressions of a manifest.
// They are evaluated some hundred times per prompt at most, so plain series do.

/// sin x and cos x; absolute error about |x|·1e-16, as x is divided by π first. Not a number for infinite x.
func deterministicSine(_ x: Double) -> Double { x.isFinite ? deterministicSine(ofPiTimes: x / .pi) : .nan }
func deterministicCosine(_ x: Double) -> Double { x.isFinite ? deterministicCosine(ofPiTimes: x / .pi) : .nan }

/// tanh x; relative error about 1e-15.
package func deterministicTanh(_ x: Double) -> Double {
  guard x.magnitude < 0.3 else {
    guard x.magnitude < 20 else { return x.isNaN ? x : x < 0 ? -1 : 1 }
    let square = deterministicExponential(2 * x)
    return (square - 1) / (square + 1)
  }
  // sinh x / cosh x by their Taylor series: the terms left out are below 1e-17 of the first.
  let square = x * x
  var sine = 1.0, cosine = 1.0, k = 16.0
  while k > 0 {
    sine = 1 + square / (k * (k + 1)) * sine
    cosine = 1 + square / (k * (k - 1)) * cosine
    k -= 2
  }
  return x * sine / cosine
}

/// ln(1 + e^x); relative error about 1e-15.
func deterministicSoftplus(_ x: Double) -> Double {
  guard !x.isNaN else { return x }
  let e = deterministicExponential(-x.magnitude), rest = max(x, 0)
  // ln(1 + e) = 2 artanh(e / (2 + e)), e ≤ 1: the argument is at most ⅓, its square at most 1/9.
  let ratio = e / (2 + e), square = ratio * ratio
  var sum = 0.0, k = 37.0
  while k > 0 {
    sum = 1 / k + square * sum
    k -= 2
  }
  return rest + 2 * ratio * sum
}

/// erf x; relative error about 1e-15. Source: Abramowitz & Stegun 1964, 7.1.6, whose terms are all of one sign.
func deterministicErrorFunction(_ x: Double) -> Double {
  guard x.magnitude < 6 else { return x.isNaN ? x : x < 0 ? -1 : 1 }
  let square = 2 * x * x
  var term = 1.0, sum = 1.0, k = 3.0
  while term > 1e-17 * sum {
    term *= square / k
    sum += term
    k += 2
  }
  return 1.1283791670955126 * x * deterministicExponential(-x * x) * sum
}

/// asin x; relative error about 1e-15, not a number outside [−1, 1].
func deterministicArcSine(_ x: Double) -> Double {
  let a = x.magnitude
  guard a <= 1 else { return .nan }
  guard a <= 0.5 else {
    let rest = .pi / 2 - 2 * deterministicArcSine(((1 - a) / 2).squareRoot())
    return x < 0 ? -rest : rest
  }
  // Σ (2k)! / (4^k k!² (2k+1)) x^(2k+1): the ratio of terms is below x² ≤ ¼.
  let square = x * x
  var term = x, sum = x, k = 1.0
  while k < 30 {
    term *= square * (2 * k - 1) / (2 * k)
    sum += term / (2 * k + 1)
    k += 1
  }
  return sum
}
