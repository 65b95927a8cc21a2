// The report's page without the parts that a test is not about.
import Foundation

/// Without what stands in `script` elements, tags included.
func withoutScripts(_ page: String) -> String {
  page.components(separatedBy: "<script").enumerated().map { index, part in
    index == 0 ? part : part.components(separatedBy: "</script>").dropFirst().joined(separator: "</script>")
  }.joined()
}

/// What is shown before any cell is chosen.
func withoutDetails(_ page: String) -> String {
  let shown = withoutScripts(page).components(separatedBy: "<dialog id=\"detail\"")[0]
  return shown.components(separatedBy: "<template").enumerated().map { index, part in
    index == 0 ? part : part.components(separatedBy: "</template>").dropFirst().joined(separator: "</template>")
  }.joined()
}
