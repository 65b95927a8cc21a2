// What commands print must arrive, or they fail: losses of standard output are noticed here.
// C declares `stdout` as a variable; nobody assigns it.
@preconcurrency import Glibc

/// Hands everything printed so far to the system.
/// - Throws: if some of it was lost since the start. That nobody reads a pipe any more, as after `| head`, is no loss.
package func flushOutput(_ stream: UnsafeMutablePointer<FILE>, named name: String) throws(CommandFailure) {
  errno = 0
  let code = fflush(stream) == 0 ? 0 : errno
  guard code != 0 || ferror(stream) != 0, code != EPIPE, !hasNoReader(fileno(stream)) else { return }
  let reason = code == 0 ? "some of it could not be written" : String(cString: strerror(code))
  throw CommandFailure(
    "\(name): \(reason); write to a place with room and run the same command again: nothing stored is lost")
}

func flushOutput() throws(CommandFailure) { try flushOutput(stdout, named: "standard output") }

/// Whether a descriptor is a pipe whose reader is gone. Source: poll(2), POLLERR.
private func hasNoReader(_ descriptor: Int32) -> Bool {
  var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
  return poll(&request, 1, 0) == 1 && request.revents & Int16(POLLERR) != 0
}

/// Where a standard stream is closed, the next file opened would take its number, and what is printed would go there.
/// Opened for the wrong direction, it still fails when it is used.
func occupyStandardStreams() {
  for (descriptor, mode) in [(0, O_WRONLY), (1, O_RDONLY), (2, O_RDONLY)]
  where fcntl(Int32(descriptor), F_GETFD) < 0 && errno == EBADF {
    // The lowest free number is this one.
    _ = open("/dev/null", mode)
  }
}
