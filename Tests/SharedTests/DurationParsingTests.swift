// Durations of a command line: units are required, parts add up, nothing overflows.
import Shared
import Testing

@Suite struct DurationParsingTests {
  @Test(arguments: [
    ("30s", Duration.seconds(30)), ("500ms", .milliseconds(500)), ("1h30min", .seconds(5400)), ("2 h", .seconds(7200)),
    ("1d", .seconds(86_400)), ("0s", .zero),
  ])
  func `numbers with units are read`(text: String, expected: Duration) {
    #expect(parseDuration(text) == expected)
  }

  @Test(arguments: ["", "5", "s", "1.5h", "-3s", "3 weeks", "5s3", "99999999999999999999s", "9223372036854775807d"])
  func `anything else is refused`(text: String) {
    #expect(parseDuration(text) == nil)
  }
}
