// Where measurements of the coordinator take place, and what they read off the process.
import Foundation
import Messaging
import Scheduling
import Shared
import Store

/// A directory that goes with the measurement.
final class BenchDirectory {
  let path: String
  var sweep: String { path + "/sweep" }

  init(in parent: String?) throws(CommandFailure) {
    let parent = parent ?? ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    var template = Array("\(parent)/attune-bench-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw CommandFailure(
        "\(parent): no directory can be made there (\(String(cString: strerror(errno)))); choose another by --directory"
      )
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A port of this machine that nobody listens on now.
func freePort() throws(CommandFailure) -> Int {
  let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(socket) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var size = socklen_t(MemoryLayout<sockaddr_in>.size)
  let code = withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
      bind(socket, pointer, size) == 0 && getsockname(socket, pointer, &size) == 0
    }
  }
  guard code else { throw CommandFailure("127.0.0.1: no free port (\(String(cString: strerror(errno))))") }
  return Int(UInt16(bigEndian: address.sin_port))
}

/// The true coordinator of a sweep, without a display and with simulated workers only.
func benchService(
  _ plan: SweepPlan, _ store: SweepStore, at address: EndpointAddress, interruption: Interruption,
  _ settings: ServiceSettings
) throws -> SweepService {
  let context = try MessagingContext()
  let endpoint = try CoordinatorEndpoint(context, bind: address)
  let bulkAddress =
    try address.transport == .ipc ? address.bulkByDefault() : EndpointAddress("tcp://127.0.0.1:\(freePort())")
  let bulk = try BulkService(context, bind: bulkAddress, blobs: store.blobs)
  var settings = settings
  (settings.isOpen, settings.scheduling.sweep) = (true, store.sweep)
  settings.scheduling.bulk = bulk.address.announced(beside: address)
  return try SweepService(
    scheduler: SweepScheduler(plan: plan, epoch: store.epoch, settings: settings.scheduling), store: store,
    endpoint: endpoint, bulk: bulk,
    workers: LocalWorkers(
      LocalWorkerSettings(count: 0, threads: 1, slots: 1, executable: "", endpoint: "", directory: "")),
    interruption: interruption, log: EventLog(path: store.directory.log), display: ProgressPrinter(isQuiet: true),
    settings: settings)
}

/// The most memory that this process has had.
func peakMemoryMib() -> Double {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return Double(usage.ru_maxrss) / 1024
}
