// What a mistyped word was probably meant to be.
// Every error about a name asks here.

/// The entry of `candidates` with the smallest edit distance to `word`, if it is near enough to be meant. An exchange of
/// two neighbours counts as one edit: it is the commonest slip.
/// Source: Wagner & Fischer 1974, with exchanges as in Boytsov 2011 (optimal string alignment).
package func nearest(to word: String, among candidates: [String]) -> String? {
  func distance(_ a: [Character], _ b: [Character]) -> Int {
    var twoBack: [Int] = [], oneBack = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var row = [i + 1]
      for (j, y) in b.enumerated() {
        var best = min(oneBack[j] + (x == y ? 0 : 1), oneBack[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, x == b[j - 1], a[i - 1] == y { best = min(best, twoBack[j - 1] + 1) }
        row.append(best)
      }
      (twoBack, oneBack) = (oneBack, row)
    }
    return oneBack[b.count]
  }
  // A hostile word may be megabytes long; nothing that long is near a name.
  guard word.utf8.count <= 64 else { return nil }
  let ranked = candidates.map { ($0, distance(Array(word.lowercased()), Array($0.lowercased()))) }
  guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= max(1, best.0.count / 3) else { return nil }
  return best.0
}
