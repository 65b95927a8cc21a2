// The scheduler's time: nanoseconds of a monotonic clock, always passed in, so that no wall clock can expire a lease
// and tests decide what time it is.

package struct MonotonicInstant: Hashable, Comparable, Sendable {
  package let nanoseconds: Int64
  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Later by `duration`; the far future where the sum would not fit.
  package static func + (instant: Self, duration: Duration) -> Self {
    let parts = duration.components
    let (seconds, tooLong) = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (span, tooFine) = seconds.addingReportingOverflow(parts.attoseconds / 1_000_000_000)
    let (sum, tooLate) = instant.nanoseconds.addingReportingOverflow(span)
    return Self(nanoseconds: tooLong || tooFine || tooLate ? .max : sum)
  }

  package static func - (a: Self, b: Self) -> Duration {
    .nanoseconds(a.nanoseconds.subtractingReportingOverflow(b.nanoseconds).partialValue)
  }
}
