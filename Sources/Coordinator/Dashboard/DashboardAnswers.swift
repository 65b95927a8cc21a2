// Which path answers with what (docs/dashboard.md, and the OpenAPI document that the dashboard serves itself).
import Dashboard
import Foundation
import Reports
import Shared
import Store

final class DashboardAnswers: DashboardContent {
  /// Trials or workers of one answer.
  private static let mostListed = 500
  private static let mostEvents = 1000

  private let feed: DashboardFeed
  /// Nil where nobody is there to act.
  private let actions: DashboardActions?

  init(_ feed: DashboardFeed, actions: DashboardActions?) { (self.feed, self.actions) = (feed, actions) }

  /// What is sent to pages that look on: one line.
  func news() -> String? {
    guard let overview = overview() else { return nil }
    return try? jsonText(DashboardNews(version: feed.version, overview: overview))
  }

  private func overview() -> DashboardOverview? {
    feed.snapshot.map {
      DashboardOverview($0, live: feed.live, problem: feed.problem, canAct: actions != nil)
    }
  }

  func answer(_ request: DashboardRequest) -> DashboardAnswer {
    do {
      return request.method == .get ? try read(request) : act(request)
    } catch let refusal as Refusal {
      return .text(refusal.text + "\n", refusal.status)
    } catch {
      return .text("\(error)\n", .unavailable)
    }
  }

  private struct Refusal: Error {
    let text: String
    var status = DashboardAnswer.Status.badRequest
  }

  private func read(_ request: DashboardRequest) throws -> DashboardAnswer {
    let parts = request.path.split(separator: "/").map(String.init)
    if request.path == "matrix.css" {
      return DashboardAnswer(type: "text/css; charset=utf-8", Data(reportStylesheet.utf8))
    }
    if request.path == "api/v1/openapi.json" { return .json(openAPIDocument) }
    guard let snapshot = feed.snapshot else {
      throw Refusal(text: feed.problem ?? "the sweep is being read; ask again", status: .unavailable)
    }
    switch parts.count {
    case 1 where parts[0] == "matrix": return .html(snapshot.matrixHTML)
    case 1 where parts[0] == "metrics":
      return DashboardAnswer(
        type: "text/plain; version=0.0.4; charset=utf-8",
        Data(prometheusText(snapshot, live: feed.live).utf8))
    case 3 where request.path.hasPrefix("api/v1/"):
      switch parts[2] {
      case "overview": return .json(try jsonText(overview()))
      case "matrix": return .json(matrixJSON(snapshot.matrix))
      case "workers": return .json(try jsonText(try workers(request)))
      case "trials": return .json(try jsonText(try trials(request, snapshot)))
      case "events": return .json(try events(request))
      default: break
      }
    case 4 where request.path.hasPrefix("api/v1/trials/"):
      let id = TrialID(rawValue: Int64(try number(parts[3], "the trial")))
      guard snapshot.places[id] != nil else { break }
      return .json(try jsonText(try DashboardTrialDetail(id, in: try feed.open())))
    case 4 where request.path.hasPrefix("api/v1/cells/"):
      let id = CellID(rawValue: try number(parts[3], "the cell"))
      guard let detail = try DashboardCellDetail(id, in: snapshot, store: try feed.openStore()) else { break }
      return .json(try jsonText(detail))
    default: break
    }
    return .text("there is no /\(request.path.prefix(200)) here; /api/v1/openapi.json lists what there is\n", .notFound)
  }

  private func number(_ text: String, _ what: String, in range: ClosedRange<Int> = 0...Int(Int32.max)) throws -> Int {
    guard let value = Int(text), range.contains(value) else {
      throw Refusal(
        text: "\(what) is \"\(text.prefix(40))\"; write a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// What a list is asked for: from where, and how many.
  private func page(_ query: [String: String], of count: Int) throws -> (offset: Int, limit: Int) {
    func given(_ name: String) -> String? { query[name].flatMap { $0.isEmpty ? nil : $0 } }
    let offset = min(try given("offset").map { try number($0, "offset") } ?? 0, count)
    return (offset, try given("limit").map { try number($0, "limit", in: 1...Self.mostListed) } ?? 100)
  }

  private func workers(_ request: DashboardRequest) throws -> DashboardWorkers {
    let live = feed.live
    var workers = live?.workers ?? []
    switch request.query["sort"] ?? "" {
    case "": break
    case "host": workers.sort { ($0.host, $0.process, $0.session) < ($1.host, $1.process, $1.session) }
    case "-silent": workers.sort { ($1.silentSeconds, $0.session) < ($0.silentSeconds, $1.session) }
    case "-trials": workers.sort { ($1.trials.count, $0.session) < ($0.trials.count, $1.session) }
    case let other:
      throw Refusal(text: "sort is \"\(other.prefix(40))\"; write host, -silent or -trials, or leave it out")
    }
    let page = try page(request.query, of: workers.count)
    return DashboardWorkers(
      total: live?.workerCount ?? 0, listed: workers.count, offset: page.offset,
      workers: Array(workers[page.offset...].prefix(page.limit)))
  }

  private func trials(_ request: DashboardRequest, _ snapshot: DashboardSnapshot) throws -> DashboardTrials {
    let query = request.query
    func given(_ name: String) -> String? { query[name].flatMap { $0.isEmpty ? nil : $0 } }
    var chosen = snapshot.trials
    if let name = given("state") {
      guard let state = TrialState(rawValue: name) else {
        let allowed = TrialState.allCases.map(\.rawValue).joined(separator: ", ")
        throw Refusal(text: "state is \"\(name.prefix(40))\"; write one of \(allowed)")
      }
      chosen = chosen.filter { $0.state == state }
    }
    if let name = given("stage") {
      guard let stage = TrialStage(rawValue: name) else {
        throw Refusal(text: "stage is \"\(name.prefix(40))\"; write one of tuning, reporting, reference")
      }
      chosen = chosen.filter { $0.stage == stage }
    }
    if let cell = try given("cell").map({ try number($0, "cell") }) {
      chosen = chosen.filter { $0.cell.rawValue == cell }
    }
    if let order = given("sort"), order != "trial" {
      chosen = try sorted(chosen, by: order)
    }
    let page = try page(query, of: chosen.count)
    return DashboardTrials(
      total: chosen.count, offset: page.offset,
      trials: chosen[page.offset...].prefix(page.limit).map { DashboardTrial($0, in: snapshot) })
  }

  /// Those without the value come last, whatever the direction.
  private func sorted(_ trials: [TrialRecord], by order: String) throws -> [TrialRecord] {
    let isDescending = order.hasPrefix("-")
    let value: (TrialRecord) -> Double?
    switch isDescending ? String(order.dropFirst()) : order {
    case "trial": value = { Double($0.id.rawValue) }
    case "loss": value = { $0.shownLoss }
    case "seconds": value = { $0.result?.seconds }
    default: throw Refusal(text: "sort is \"\(order.prefix(40))\"; write trial, loss or seconds, with - for descending")
    }
    let keyed = trials.map { ($0, value($0)) }
    let present = keyed.filter { $0.1 != nil }.sorted { first, second in
      let (a, b) = (first.1 ?? 0, second.1 ?? 0)
      return a == b ? first.0.id < second.0.id : isDescending ? a > b : a < b
    }
    return present.map(\.0) + keyed.filter { $0.1 == nil }.map(\.0)
  }

  /// The last lines of the log, the newest first.
  private func events(_ request: DashboardRequest) throws -> String {
    let limit = try request.query["limit"].map { try number($0, "limit", in: 1...Self.mostEvents) } ?? 100
    let lines = lastLines(of: feed.directory.log, atMost: limit).reversed()
    // Each line is an object already; one that was cut off is left out.
    let whole = lines.filter { (try? JSONSerialization.jsonObject(with: Data($0.utf8))) != nil }
    return "{\"events\":[\(whole.joined(separator: ","))]}"
  }

  private func act(_ request: DashboardRequest) -> DashboardAnswer {
    guard let action = DashboardAction(path: request.path) else {
      return .text("there is no action /\(request.path.prefix(200)); /api/v1/openapi.json lists them\n", .notFound)
    }
    guard let actions, feed.live != nil else {
      return .text("nobody runs this sweep here, so there is nobody to act\n", .conflict)
    }
    return actions.ask(action)
      ? .text("asked the coordinator to \(action.words)\n")
      : .text("the coordinator does not take anything any more\n", .unavailable)
  }
}

/// The end of a file of lines, at most 1 MiB of it.
func lastLines(of path: String, atMost most: Int) -> [String] {
  guard let file = FileHandle(forReadingAtPath: path) else { return [] }
  defer { try? file.close() }
  let size = (try? file.seekToEnd()) ?? 0
  let start = size > 1 << 20 ? size - 1 << 20 : 0
  guard (try? file.seek(toOffset: start)) != nil, let data = try? file.readToEnd() else { return [] }
  let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  return Array((start > 0 ? lines.dropFirst() : lines[...]).suffix(most))
}
