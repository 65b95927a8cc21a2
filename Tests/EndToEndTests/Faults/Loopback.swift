// Plain sockets on 127.0.0.1: for the proxy, and for peers that speak no ZMTP.
import Foundation

private func loopback(_ port: UInt16) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  return address
}

private func withSocketAddress<Result>(
  _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
) -> Result {
  withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
  }
}

private func makeSocket() -> Int32 { socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) }

private func bind(_ descriptor: Int32, to port: UInt16) -> Bool {
  var reuse: Int32 = 1
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
  var address = loopback(port)
  return withSocketAddress(&address) { Glibc.bind(descriptor, $0, $1) } == 0
}

/// A listening socket on a port of the system's choice.
func listenOnLoopback() throws -> (descriptor: Int32, port: UInt16) {
  let descriptor = makeSocket()
  var address = sockaddr_in()
  var size = socklen_t(MemoryLayout<sockaddr_in>.size)
  guard descriptor >= 0, bind(descriptor, to: 0), listen(descriptor, 1024) == 0,
    withSocketAddress(&address, { pointer, _ in getsockname(descriptor, pointer, &size) }) == 0
  else { throw HarnessError("no listening socket: \(String(cString: strerror(errno)))") }
  _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  return (descriptor, UInt16(bigEndian: address.sin_port))
}

/// A port that nobody has, below those that the system gives to outgoing connections: it stays free while a coordinator
/// is away, and nobody can connect to himself there.
func freePort() throws -> UInt16 {
  for _ in 0..<200 {
    let port = UInt16.random(in: 12_000...31_000)
    let descriptor = makeSocket()
    defer { close(descriptor) }
    if bind(descriptor, to: port) { return port }
  }
  throw HarnessError("no free port found")
}

/// A connection without waiting reads and writes; nil where nobody listens.
func connectToLoopback(_ port: UInt16) -> Int32? {
  let descriptor = makeSocket()
  var address = loopback(port)
  guard descriptor >= 0, withSocketAddress(&address, { connect(descriptor, $0, $1) }) == 0 else {
    if descriptor >= 0 { close(descriptor) }
    return nil
  }
  var noDelay: Int32 = 1
  setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
  _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  return descriptor
}

/// Connects as soon as somebody listens and says `bytes`, taking what comes, until the other side ends it or the time is
/// over. What follows a greeting and READY of ZMTP waits for the other side's: libzmq takes nothing before.
func say(_ bytes: [UInt8], to port: UInt16, atMost limit: Duration = .seconds(2)) {
  let end = ContinuousClock.now + limit
  var connection = connectToLoopback(port)
  while connection == nil, ContinuousClock.now < end {
    usleep(5000)
    connection = connectToLoopback(port)
  }
  guard let connection else { return }
  defer { close(connection) }
  var splitter = MessageSplitter()
  let units = splitter.split(bytes.prefix(1024))
  let opening = units.count >= 2 && !units[1].isMessage ? units[0].bytes.count + units[1].bytes.count : bytes.count
  var sent = 0, received = 0
  var buffer = [UInt8](repeating: 0, count: 65536)
  while ContinuousClock.now < end {
    let limit = received > 64 ? bytes.count : opening
    let count = bytes[sent..<limit].withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    if count > 0 { sent += count } else if count < 0, errno != EAGAIN { return }
    let arrived = recv(connection, &buffer, buffer.count, 0)
    if arrived == 0 { return }
    received += max(0, arrived)
    usleep(2000)
  }
}

/// A greeting of ZMTP 3.0 without security, as a DEALER, then `frames`.
func zmtp(_ frames: [UInt8]) -> [UInt8] {
  let greeting: [UInt8] = [0xff] + [UInt8](repeating: 0, count: 8) + [0x7f, 3, 0] + Array("NULL".utf8)
  let ready = [5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 6] + Array("DEALER".utf8)
  return greeting + [UInt8](repeating: 0, count: 64 - greeting.count) + [4, UInt8(ready.count)] + ready + frames
}
