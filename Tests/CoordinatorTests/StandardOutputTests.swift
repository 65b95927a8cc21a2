// Output that does not arrive is a failure; a reader that has seen enough is none.
import Coordinator
import Foundation
import Testing

@Suite struct StandardOutputTests {
  // A large text is written at once, and the C library does not keep why that failed.
  @Test(arguments: [(10, "No space left on device"), (1_000_000, "some of it could not be written")])
  func `output to a full disk is a failure`(bytes: Int, reason: String) throws {
    let stream = try #require(fopen("/dev/full", "w"))
    defer { fclose(stream) }
    fputs(String(repeating: "x", count: bytes), stream)
    #expect(
      throws: CommandFailure(
        "out: \(reason); write to a place with room and run the same command again: nothing stored is lost")
    ) { try flushOutput(stream, named: "out") }
  }

  @Test func `output that arrives is no failure`() throws {
    let stream = try #require(fopen("/dev/null", "w"))
    defer { fclose(stream) }
    fputs("x", stream)
    try flushOutput(stream, named: "out")
  }

  @Test func `a reader that has gone is no failure`() throws {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    let stream = try #require(fdopen(ends[1], "w"))
    defer { fclose(stream) }
    fputs(String(repeating: "x", count: 1_000_000), stream)
    try flushOutput(stream, named: "out")
  }
}
