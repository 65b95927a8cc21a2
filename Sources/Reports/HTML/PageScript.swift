// The page's one script: it opens a cell's details, moves between cells with the arrow keys, and hands out pictures as
// SVG and their numbers as CSV. It asks nobody for anything: all it gives is in the page. Its digest stands in the page's
// content security policy, so no other script can run, whatever the names in a manifest hold.
import Foundation
import Shared

enum PageScript {
  /// `'sha256-…'` of the script as it stands between its tags. Source: CSP Level 3, §2.3.1.
  static let policy: String = {
    let hex = Array(sha256Hex(Array(text.utf8)).utf8)
    let digest = stride(from: 0, to: hex.count, by: 2).compactMap {
      UInt8(String(decoding: hex[$0..<($0 + 2)], as: UTF8.self), radix: 16)
    }
    return "'sha256-\(Data(digest).base64EncodedString())'"
  }()

  /// The drawn numbers by picture, and what files of their own are coloured with. `<` cannot stand in it: the element
  /// that holds it ends at its own end tag alone.
  static func data(_ pictures: ReportPictures) -> Markup {
    let tables = JSONValue.object(pictures.all.map { ($0.id, .text($0.csv)) })
    let json = JSONValue.object([("style", .text(ChartStyle.standalone.text)), ("tables", tables)]).text()
    let safe = json.split(separator: "<", omittingEmptySubsequences: false).joined(separator: "\\u003c")
    return Markup(trusted: "<script type=\"application/json\" id=\"data\">\(safe)</script>")
  }

  static let text = """
    (function () {
      "use strict";
      var data = JSON.parse(document.getElementById("data").textContent);
      var dialog = document.getElementById("detail"), body = document.getElementById("detail-body");
      var cells = Array.prototype.slice.call(document.querySelectorAll("button[data-cell]"));
      var current = -1;

      function show(index) {
        var template = cells[index] && document.getElementById("cell-" + cells[index].dataset.cell);
        if (!template) { return; }
        current = index;
        body.replaceChildren(template.content.cloneNode(true));
        var title = document.getElementById("detail-title");
        title.textContent = template.dataset.title;
        if (!dialog.open) { dialog.showModal(); }
        body.scrollTop = 0;
        title.focus();
        history.replaceState(null, "", "#" + template.id);
      }
      function openFromAddress() {
        var found = cells.findIndex(function (cell) { return location.hash === "#cell-" + cell.dataset.cell; });
        if (found >= 0) { show(found); }
      }
      cells.forEach(function (cell, index) {
        cell.addEventListener("click", function () { show(index); });
      });
      document.getElementById("close").addEventListener("click", function () { dialog.close(); });
      document.getElementById("previous").addEventListener("click", function () { show(current - 1); });
      document.getElementById("next").addEventListener("click", function () { show(current + 1); });
      dialog.addEventListener("click", function (event) { if (event.target === dialog) { dialog.close(); } });
      dialog.addEventListener("close", function () {
        history.replaceState(null, "", location.pathname + location.search);
        if (cells[current]) { cells[current].focus(); }
      });

      // Arrow keys: between the cells of the matrix, and from cell to cell while one is open.
      document.addEventListener("keydown", function (event) {
        if (dialog.open) {
          if (event.key === "ArrowLeft") { show(current - 1); }
          if (event.key === "ArrowRight") { show(current + 1); }
          return;
        }
        var at = cells.indexOf(document.activeElement);
        if (at < 0) { return; }
        var row = cells[at].closest("tr"), place = cells[at].closest("td").cellIndex, next = null;
        if (event.key === "ArrowLeft") { next = cells[at - 1]; }
        if (event.key === "ArrowRight") { next = cells[at + 1]; }
        var other = event.key === "ArrowUp" ? row.previousElementSibling
          : event.key === "ArrowDown" ? row.nextElementSibling : null;
        if (other && other.cells[place]) { next = other.cells[place].querySelector("button"); }
        if (next) { next.focus(); event.preventDefault(); }
      });

      function save(text, type, name) {
        var link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob([text], { type: type }));
        link.download = name;
        link.click();
        setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
      }
      function drawing(id) {
        var holder = document.getElementById("picture-" + id);
        var svg = (holder.content || holder).querySelector("svg").cloneNode(true);
        var box = svg.getAttribute("viewBox").split(" ");
        svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
        svg.setAttribute("width", box[2]);
        svg.setAttribute("height", box[3]);
        var style = document.createElementNS("http://www.w3.org/2000/svg", "style");
        style.textContent = data.style;
        svg.insertBefore(style, svg.firstChild);
        return new XMLSerializer().serializeToString(svg);
      }
      document.addEventListener("click", function (event) {
        var button = event.target.closest("button[data-take], button[data-copy]");
        if (!button) { return; }
        if (button.dataset.copy) {
          if (navigator.clipboard) { navigator.clipboard.writeText(button.dataset.copy).catch(function () {}); }
          button.textContent = button.dataset.copy;
          return;
        }
        var id = button.dataset.picture;
        if (button.dataset.take === "csv") { save(data.tables[id], "text/csv", id + ".csv"); }
        else { save(drawing(id), "image/svg+xml", id + ".svg"); }
      });

      // Folded rows would be missing on paper.
      window.addEventListener("beforeprint", function () {
        document.querySelectorAll("details.row").forEach(function (row) { row.open = true; });
      });
      window.addEventListener("hashchange", openFromAddress);
      document.documentElement.classList.add("scripted");
      openFromAddress();
    })();
    """
}
