// Sizes with their units, both ways.
import Shared
import Testing

@Suite struct ByteSizeTests {
  @Test(arguments: [
    ("10 GiB", 10 << 30), ("10GiB", 10 << 30), ("1.5 MiB", 3 << 19), ("512 kB", 512_000), ("2 TB", 2_000_000_000_000),
    ("1 TiB", 1 << 40), ("7 B", 7),
  ])
  func `a number and a unit are bytes`(text: String, expected: Int) throws {
    #expect(try ByteSize.bytes(in: text) == expected)
  }

  @Test(arguments: [
    ("10", "write a unit of B, kB, MB, GB, TB, KiB, MiB, GiB, TiB after the number"),
    ("10 gib", "write a unit of B, kB, MB, GB, TB, KiB, MiB, GiB, TiB after the number (did you mean GiB?)"),
    ("10 KB", "write a unit of B, kB, MB, GB, TB, KiB, MiB, GiB, TiB after the number (did you mean kB?)"),
    ("GiB", "write a number and a unit, such as 10 GiB"), ("-1 GiB", "write a number and a unit, such as 10 GiB"),
    ("1.2.3 GiB", "write a number and a unit, such as 10 GiB"),
    ("99999999 TiB", "write a size below 4,194,304 TiB"),
  ])
  func `anything else is told what to write`(text: String, remedy: String) {
    #expect {
      try ByteSize.bytes(in: text)
    } throws: {
      ($0 as? ByteSizeError)?.remedy == remedy
    }
  }

  @Test(arguments: [
    (10 << 30, "10 GiB"), (512_000, "500 KiB"), (3_000_000_000, "3 GB"), (7, "7 B"), (1_234_567, "1.1 MiB"), (0, "0 B"),
  ])
  func `bytes are shown in the unit that fits`(bytes: Int, expected: String) {
    #expect(ByteSize.text(bytes) == expected)
  }
}
