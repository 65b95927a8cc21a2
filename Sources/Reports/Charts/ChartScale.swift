// From numbers to places on a chart, and the ticks that say so. Linear for steps, logarithmic for losses.
import Foundation

package struct ChartScale: Sendable {
  let isLogarithmic: Bool
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

  package func place(_ value: Double) -> Double {
    let clamped = min(max(value, low), high)
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
    isLogarithmic ? logarithmicTicks(count: count) : linearTicks(count: count)
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
