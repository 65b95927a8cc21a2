// Peers that do not speak as they should: bare TCP connections, and libzmq sockets that are told to misbehave.
// Tests alone use libzmq directly, to say what no endpoint of attune would say.
internal import CZeroMQ
import Foundation
import Messaging
import Shared

/// A TCP connection on which any bytes can be sent.
final class BareConnection {
  private let descriptor: Int32

  init() { descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }

  convenience init(_ address: EndpointAddress) {
    self.init()
    connect(to: address)
  }

  /// Of a loopback address only the port counts. A failure shows in that nothing arrives.
  func connect(to address: EndpointAddress) {
    var target = sockaddr_in()
    target.sin_family = sa_family_t(AF_INET)
    target.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    target.sin_port = (UInt16(address.description.split(separator: ":").last ?? "") ?? 0).bigEndian
    _ = withUnsafePointer(to: &target) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

  /// Whether the other side has ended the connection; what it had to say is thrown away.
  var isEnded: Bool {
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      if count == 0 { return true }
      if count < 0 { return errno != EAGAIN && errno != EINTR }
    }
  }
}

enum Greeting {
  /// A greeting of ZMTP 3.1 that asks for `mechanism`. Source: ZeroMQ RFC 37.
  static func version3(_ mechanism: String) -> [UInt8] {
    var name = Array(mechanism.utf8)
    name += [UInt8](repeating: 0, count: 20 - name.count)
    return signature + [3, 1] + name + [UInt8](repeating: 0, count: 32)
  }

  static let signature: [UInt8] = [0xff] + [UInt8](repeating: 0, count: 8) + [0x7f]
  /// ZMTP 2.0, a DEALER without identity. Source: ZeroMQ RFC 15.
  static let version2 = signature + [1, 5, 0, 0]
  /// ZMTP 1.0, an anonymous peer and one frame. Source: ZeroMQ RFC 13.
  static let version1: [UInt8] = [1, 0, 6, 0] + Array("hello".utf8)
}

/// A DEALER that proves `keys` (or nothing) and sends whatever frames it is given.
final class RawDealer {
  private let context: UnsafeMutableRawPointer?
  private let socket: UnsafeMutableRawPointer?

  enum Proof { case nothing, plain, keys(secretFile: String, publicFile: String, serverFile: String) }

  init(_ address: EndpointAddress, _ proof: Proof, routingID: String? = nil) throws {
    context = zmq_ctx_new()
    socket = zmq_socket(context, ZMQ_DEALER)
    var linger: Int32 = 0
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, 4)
    func set(_ option: Int32, _ text: String) { zmq_setsockopt(socket, option, text, text.utf8.count) }
    switch proof {
    case .nothing: break
    case .plain:
      set(ZMQ_PLAIN_USERNAME, "admin")
      set(ZMQ_PLAIN_PASSWORD, "admin")
    case .keys(let secret, let publicFile, let server):
      func key(_ path: String) throws -> String {
        String(try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isWhitespace)[1])
      }
      set(ZMQ_CURVE_SECRETKEY, try key(secret))
      set(ZMQ_CURVE_PUBLICKEY, try key(publicFile))
      set(ZMQ_CURVE_SERVERKEY, try key(server))
    }
    if let routingID { set(ZMQ_ROUTING_ID, routingID) }
    zmq_connect(socket, address.description)
  }

  /// The keys of a worker's directory.
  static func proof(_ directory: KeyDirectory) -> Proof {
    .keys(
      secretFile: directory.path + "/worker.secret", publicFile: directory.workerPublic,
      serverFile: directory.coordinatorPublic)
  }

  deinit {
    zmq_close(socket)
    zmq_ctx_term(context)
  }

  /// Queues one frame, without waiting for a connection; `more` follow it.
  @discardableResult func send(_ frame: [UInt8], more: Bool = false) -> Bool {
    zmq_send(socket, frame, frame.count, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0
  }
}
