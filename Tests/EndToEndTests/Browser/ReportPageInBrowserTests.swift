// The report in a real browser: it renders, a click on a cell opens its details, keys move between cells, pictures can be
// taken away, nothing is asked of the network and the console stays silent.
import Foundation
import Testing

extension EndToEnd {
  @ProcessThread @Suite(.enabled(if: HeadlessBrowser.isInstalled, HeadlessBrowser.absence))
  struct ReportPageInBrowser {
    @Test func `a reader opens cells by mouse and keyboard, takes pictures away, and nothing leaves the machine`()
      throws
    {
      let directory = try TestDirectory()
      let sweep = TinySweep()
      let run = try attune(try sweep.command(in: directory), in: directory)
      try #require(run.exitCode == 0, "\(run.errors)")
      let browser = try HeadlessBrowser(in: directory)
      try browser.prefer("light")
      try browser.open("file://\(directory.path)/out/report/index.html")

      #expect(try browser.text("document.querySelector('h1').textContent") == "tiny")
      #expect(try browser.number("document.querySelectorAll('button[data-cell]').length") == sweep.cellCount)
      // The matrix is what a reader sees first.
      #expect(try browser.text("document.querySelector('h2').textContent") == "The matrix")
      #expect(try browser.text("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)")
      #expect(try browser.number("document.querySelectorAll('.heat button').length") == sweep.cellCount)
      #expect(try browser.isTrue("document.documentElement.scrollWidth <= innerWidth"))
      try browser.screenshot("report-light")

      try browser.click("button[data-cell='1']")
      #expect(try browser.isTrue("document.getElementById('detail').open"))
      #expect(try browser.text("document.getElementById('detail-title').textContent") == "softmax on linear")
      #expect(try browser.number("document.querySelectorAll('#detail-body .strand').length") == sweep.reportSeeds)
      let shown = try browser.text("document.querySelector('#detail-body [data-copy]').dataset.copy")
      #expect(directory.contains("out/" + shown), "\(shown) is the path of a checkpoint")
      try browser.screenshot("report-cell")
      try browser.press("ArrowRight")
      #expect(try browser.text("document.getElementById('detail-title').textContent") == "relu on relu")
      try browser.press("Escape")
      try waitUntil("the details close") { try !browser.isTrue("document.getElementById('detail').open") }
      // The cell that was open last gets the focus, by an event after the closing; up from it is the first row's.
      try waitUntil("the cell has the focus") { try browser.text("document.activeElement.dataset.cell") == "2" }
      try browser.press("ArrowUp")
      #expect(try browser.text("document.activeElement.dataset.cell") == "0")
      try browser.press("Enter")
      #expect(try browser.text("document.getElementById('detail-title').textContent") == "relu on linear")
      try browser.click("#close")
      #expect(try !browser.isTrue("document.getElementById('detail').open"))

      try takePictures(browser, directory)

      try browser.prefer("dark")
      #expect(try browser.text("getComputedStyle(document.body).backgroundColor") == "rgb(17, 21, 26)")
      try browser.screenshot("report-dark")
      try browser.prefer("dark", medium: "print")
      #expect(try browser.text("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)")
      #expect(try browser.text("getComputedStyle(document.querySelector('.take')).display") == "none")

      #expect(browser.problems == [])
      #expect(browser.requests.contains { $0.hasSuffix("/out/report/index.html") })
      #expect(browser.requests.allSatisfy { ["file", "data", "blob"].contains($0.prefix { $0 != ":" }) })
    }

    /// The files that the buttons hand out are those of `attune report --figures`, the drawing as the browser writes it.
    private func takePictures(_ browser: HeadlessBrowser, _ directory: TestDirectory) throws {
      let figures = try attune(["report", "out", "--figures", "figures"], in: directory)
      #expect(figures.exitCode == 0)
      try browser.send(
        "Browser.setDownloadBehavior", ["behavior": "allow", "downloadPath": directory.path + "/taken"])
      for name in ["matrix", "differences-relu"] {
        for ending in ["csv", "svg"] {
          try browser.click("[data-take='\(ending)'][data-picture='\(name)']")
          let place = "taken/\(name).\(ending)"
          try waitUntil("\(place) is written") { directory.contains(place) }
        }
        try waitUntil("all of it") {
          try directory.read("taken/\(name).csv") == directory.read("figures/\(name).csv")
        }
        let svg = try directory.read("taken/\(name).svg")
        #expect(svg.hasPrefix("<svg") && svg.contains("<style>") && !svg.contains("var("))
        // As many shapes as the file that the command writes.
        let own = try directory.read("figures/\(name).svg")
        #expect(svg.components(separatedBy: "<text").count == own.components(separatedBy: "<text").count)
      }
    }

    @Test func `a cell's address opens its details, and hostile names stay text`() throws {
      let directory = try TestDirectory()
      var sweep = TinySweep()
      sweep.tasks = ["relu"]
      try directory.write(
        sweep.yaml.replacing(
          "name: tiny",
          with: #"""
            name: "<img src=x onerror=alert(1)> </script> \"quoted\" <b>"
            description: "one\n\ntwo \u202e<script>alert(2)</script>"
            """#),
        to: "hostile.yaml")
      let run = try attune(["run", "hostile.yaml", "--out", "out", "--workers", "1"], in: directory)
      try #require(run.exitCode == 0, "\(run.errors)")
      let browser = try HeadlessBrowser(in: directory)
      try browser.open("file://\(directory.path)/out/report/index.html#cell-0")
      #expect(try browser.isTrue("document.getElementById('detail').open"))
      #expect(try browser.number("document.querySelectorAll('img').length") == 0)
      #expect(
        try browser.text("document.querySelector('h1').textContent").hasPrefix(
          "<img src=x onerror=alert(1)> </script> \"quoted\" <b>"))
      #expect(try browser.text("document.querySelector('header p').textContent").contains("two [U+202E]<script>"))
      #expect(browser.problems == [])
    }
  }
}
