// The dashboard in a real browser: it renders, follows a sweep without being loaded again, opens cells and trials by a click,
// and asks nobody but the machine it is on.
import Foundation
import Testing

extension EndToEnd {
  @ProcessThread @Suite(.enabled(if: HeadlessBrowser.isInstalled, HeadlessBrowser.absence))
  struct DashboardInBrowser {
    @Test func `a page follows the sweep without being loaded again, and a click opens a cell and a trial`() throws {
      let directory = try TestDirectory(), out = directory.sweep()
      try directory.write(TinySweep.long.yaml, to: "tiny.yaml")
      let place = "ipc://\(directory.path)/s"
      let coordinator = try RunningProgram(
        ["serve", "tiny.yaml", "--out", "out", "--bind", place, "--dashboard", "127.0.0.1:0"], in: directory)
      let address = try dashboardAddress(coordinator)
      let browser = try HeadlessBrowser(in: directory)
      try browser.prefer("light")
      try browser.open(address)
      _ = try browser.evaluate("window.loadedOnce = true")
      try waitUntil("the page shows that nothing has ended") {
        try browser.text("document.getElementById('facts').textContent").contains("0 of ")
      }
      try waitUntil("the page says that nobody works") {
        try browser.text("document.getElementById('workers').textContent").contains("none yet")
      }
      let worker = try RunningProgram(
        ["--connect", place, "--slots", "1", "--threads", "1"], of: "attune-worker", in: directory)
      try waitUntil("the page shows the worker") {
        try browser.text("document.getElementById('worker-count').textContent") == "1"
      }
      try waitUntil("a trial has ended") { out.count(of: "ended") >= 1 }
      try waitUntil("the page shows it") {
        try !browser.text("document.getElementById('facts').textContent").contains("0 of ")
      }
      try browser.screenshot("dashboard-running")
      #expect(try coordinator.end().exitCode == 0)
      _ = try worker.end()
      #expect(try browser.isTrue("window.loadedOnce"), "it was loaded again")
      // What the page says when nobody answers any more is the browser's own complaint, not the page's.
      #expect(
        browser.problems.allSatisfy { $0.contains("ERR_") || $0.contains("Failed to load") }, "\(browser.problems)")

      try lookAtTheEnd(directory)
    }

    @Test func `hundreds of workers are shown a page at a time, in the order that is asked for`() throws {
      let directory = try TestDirectory(), count = 245
      try directory.write(TinySweep.long.yaml, to: "tiny.yaml")
      let place = "ipc://\(directory.path)/s"
      let coordinator = try RunningProgram(
        ["serve", "tiny.yaml", "--out", "out", "--bind", place, "--dashboard", "127.0.0.1:0"], in: directory)
      // They keep contact for as long as their standard input is open, and never work.
      let simulation = [
        try productPath("attune"), "bench", "simulate-workers", "--connect", place, "--workers", "\(count)", "--first",
        "1", "--credit", "1", "--idle", "--checkpoint", String(repeating: "0", count: 64), "--checkpoint-bytes", "1",
      ].joined(separator: " ")
      let workers = try RunningProgram(["-c", "sleep 600 | \(simulation)"], of: "/bin/sh", in: directory)
      let address = try dashboardAddress(coordinator)
      let browser = try HeadlessBrowser(in: directory)
      try browser.open(address)
      try waitUntil("the page counts all of them; \(workers.errors)") {
        try browser.text("document.getElementById('worker-count').textContent") == "\(count)"
      }
      func range() throws -> String { try browser.text("document.getElementById('worker-range').textContent") }
      func rows() throws -> Int { try browser.number("document.querySelectorAll('#workers tbody tr').length") }
      try waitUntil("a page of them is there") { try range() == "1–20 of \(count)" && rows() == 20 }
      try browser.click("#workers-after")
      try waitUntil("the next page is there") { try range() == "21–40 of \(count)" && rows() == 20 }
      _ = try browser.evaluate(
        """
        document.querySelector('#worker-filter select').value = '-trials';
        document.querySelector('#worker-filter').dispatchEvent(new Event('change'))
        """)
      try waitUntil("those with trials come first") {
        try range() == "1–20 of \(count)"
          && browser.isTrue("!document.querySelector('#workers tbody tr').textContent.includes('idle')")
      }
      try browser.screenshot("dashboard-workers")
      #expect(browser.problems == [])
      let parts = address.dropFirst("http://".count).dropLast()
      let wrong = try HTTPReply("GET", "/api/v1/workers?sort=size", at: String(parts))
      #expect(wrong.status == 400 && wrong.body.contains("sort is \"size\"; write host, -silent or -trials"))
    }

    private func dashboardAddress(_ coordinator: RunningProgram) throws -> String {
      var address = ""
      try waitUntil("the dashboard's address is told; so far \(coordinator.errors)") {
        let rest = coordinator.errors.components(separatedBy: "dashboard at ").dropFirst().first
        address = rest.map { String($0.prefix { $0 != "\n" }) } ?? ""
        return address.hasSuffix("/")
      }
      return address
    }

    private func lookAtTheEnd(_ directory: TestDirectory) throws {
      let dashboard = try RunningProgram(["dashboard", "out", "--listen", "127.0.0.1:0"], in: directory)
      var address = ""
      try waitUntil("the dashboard listens") {
        address =
          dashboard.output.components(separatedBy: "http://").dropFirst().first
          .map { "http://" + String($0.prefix { $0 != "\n" }) } ?? ""
        return address.hasSuffix("/")
      }
      // Another browser needs another profile.
      let profile = try TestDirectory()
      let browser = try HeadlessBrowser(in: profile)
      try browser.open(address)
      try waitUntil("the matrix is there") {
        try browser.number("document.querySelectorAll('#matrix [data-cell]').length") == TinySweep.long.cellCount
      }
      try waitUntil("the page says that it is over") {
        try browser.text("document.getElementById('state').textContent") == "every trial has ended"
      }
      try browser.click("#matrix [data-cell='1']")
      try waitUntil("the cell's seeds are there") {
        try browser.number("document.querySelectorAll('#detail svg path').length") == TinySweep.long.reportSeeds
      }
      try browser.screenshot("dashboard-cell")
      try browser.click("#detail-body tr.link")
      try waitUntil("the trial is there") {
        try browser.text("document.getElementById('detail-body').textContent").contains("Attempts")
      }
      try browser.press("Escape")
      try waitUntil("the dialog closes") { try !browser.isTrue("document.getElementById('detail').open") }
      #expect(browser.problems == [])
      #expect(!browser.requests.isEmpty)
      #expect(browser.requests.allSatisfy { $0.hasPrefix(address) || $0.hasPrefix("data:") }, "\(browser.requests)")
    }
  }
}
