// From numbers to places on a chart, and the ticks that say so. Linear for steps, logarithmic for losses, and for
// differences that lie decades apart linear about 0 and logarithmic beyond.
import Foundation

package struct ChartScale: Sendable {
  let isLogarithmic: Bool
  /// Where a symmetric scale turns from linear to logarithmic; 0 on all others.
  private(set) var linearWidth = 0.0
  /// In numbers; on a logarithmic scale above 0.
  let low: Double
  let high: Double
  /// In the chart's units; `start` may be the larger one, as for an axis that points up.
  let start: Double
  let end: Double

  /// Widens an empty range, so that `place` never divides by zero.
  package init(linear range: ClosedRange<Double>, start: Double, end: Double) {
    isLogarithmic = false
    let empty = range.upperBound - range.lowerBound <= 1e-12 * max(1, abs(range.upperBound))
    low = empty ? range.lowerBound - 0.5 : range.lowerBound
    high = empty ? range.upperBound + 0.5 : range.upperBound
    (self.start, self.end) = (start, end)
  }

  /// Numbers at or below 0 lie at the lower end; numbers beyond 1e±300 at the ends.
  package init(logarithmic range: ClosedRange<Double>, start: Double, end: Double) {
    isLogarithmic = true
    let lower = min(max(range.lowerBound, 1e-300), 1e300)
    let upper = min(max(range.upperBound, lower), 1e300)
    let empty = upper / lower < 1.000_001
    low = empty ? lower / 1.1 : lower
    high = empty ? upper * 1.1 : upper
    (self.start, self.end) = (start, end)
  }

  /// Differences within ±`width` linearly, larger ones by their order of magnitude: asinh(value / width).
  package init(symmetric range: ClosedRange<Double>, width: Double, start: Double, end: Double) {
    self.init(linear: range, start: start, end: end)
    linearWidth = max(width, 1e-12)
  }

  package func place(_ value: Double) -> Double {
    let clamped = min(max(value, low), high)
    if linearWidth > 0 {
      let (least, most) = (asinh(low / linearWidth), asinh(high / linearWidth))
      return start + (asinh(clamped / linearWidth) - least) / (most - least) * (end - start)
    }
    let share = isLogarithmic ? log(clamped / low) / log(high / low) : (clamped - low) / (high - low)
    return start + share * (end - start)
  }

  package struct Tick: Sendable {
    package let value: Double
    /// Empty for a minor tick of a logarithmic axis.
    package let label: String
  }

  /// The losses that an axis should show: `levels`, such as the Bayes loss, are left out where they lie so far below all
  /// measured ones that they would squeeze these; a Bayes loss may be 0.
  static func visible(_ measured: [Double], levels: [Double]) -> [Double] {
    let shown = measured.filter { $0.isFinite && $0 > 0 }
    guard let lowest = shown.min() else { return levels.filter { $0.isFinite && $0 > 0 } }
    return shown + levels.filter { $0.isFinite && $0 >= lowest / 20 }
  }

  /// About `count` labelled ticks at round numbers.
  package func ticks(count: Int) -> [Tick] {
    if linearWidth > 0 { return symmetricTicks() }
    return isLogarithmic ? logarithmicTicks(count: count) : linearTicks(count: count)
  }

  /// 0 and powers of ten on both sides from `linearWidth` on.
  private func symmetricTicks() -> [Tick] {
    let largest = max(abs(low), abs(high))
    var magnitudes: [Double] = []
    var exponent = Int(ceil(log10(linearWidth) - 1e-9))
    while exponent < 300, pow(10, Double(exponent)) <= largest, magnitudes.count < 30 {
      magnitudes.append(exponent < 0 ? 1 / pow(10, Double(-exponent)) : pow(10, Double(exponent)))
      exponent += 1
    }
    let values = magnitudes.reversed().map { -$0 } + [0] + magnitudes
    return values.filter { $0 >= low && $0 <= high }.map { Tick(value: $0, label: shortText($0)) }
  }

  /// Steps of 1, 2 or 5 times a power of ten. Source: Heckbert 1990, "Nice numbers for graph labels".
  private func linearTicks(count: Int) -> [Tick] {
    let rough = (high - low) / Double(max(1, count))
    let power = pow(10, floor(log10(rough)))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
    let decimals = max(0, Int(-floor(log10(step) + 1e-9)))
    var ticks: [Tick] = []
    var index = (low / step - 1e-9).rounded(.up)
    while index * step <= high + 1e-9 * step, ticks.count < 1000 {
      let value = index * step
      ticks.append(Tick(value: value, label: fixedText(value == 0 ? 0 : value, decimals: decimals)))
      index += 1
    }
    return ticks
  }

  /// Powers of ten; with fewer than two decades also 2 and 5, with less than a third of one linear ticks.
  private func logarithmicTicks(count: Int) -> [Tick] {
    let decades = log10(high / low)
    if decades < 0.5 {
      return ChartScale(linear: low...high, start: start, end: end).linearTicks(count: count)
    }
    let every = max(1, Int((decades / Double(max(1, count))).rounded(.up)))
    let labelled: Set<Int> = decades < 1.2 ? [1, 2, 3, 5, 7] : decades < 2.5 ? [1, 2, 5] : [1]
    var ticks: [Tick] = []
    for exponent in Int(floor(log10(low)))...Int(ceil(log10(high))) {
      for digit in 1...9 where digit == 1 || every == 1 {
        // Division keeps the negative powers exact enough to print.
        let value =
          exponent < 0 ? Double(digit) / pow(10, Double(-exponent)) : Double(digit) * pow(10, Double(exponent))
        guard value >= low * 0.999_999, value <= high * 1.000_001 else { continue }
        let isLabelled = labelled.contains(digit) && (digit > 1 || exponent % every == 0)
        ticks.append(Tick(value: value, label: isLabelled ? shortText(value) : ""))
      }
    }
    return ticks
  }

  /// `0.001`, `0.5`, `20`, `1e-05`
  private func shortText(_ value: Double) -> String { String(format: "%g", value) }
}
