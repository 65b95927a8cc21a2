// What an expression takes of its points: ranges of coordinates, `[0..<2]`, and maps, `[G]` or `[(1, 0; 0, 1)]`.

extension ExpressionParser {
  mutating func part() throws(ExpressionError) -> PointPart {
    guard case .kernel(let maps) = kind, take(["["]) != nil else { return .whole }
    skipSpaces()
    let start = position
    let result: PointPart
    if take(["("]) != nil {
      result = .map(try matrix(start))
    } else if position < characters.count, isLetter(characters[position]), characters[position] != "d" || isLongWord() {
      let name = try word()
      guard let matrix = maps[name] else {
        throw ExpressionError(
          offset: start, finding: "there is no map \"\(excerpt(name))\"",
          remedy: nearest(to: name, among: Array(maps.keys)).map { "did you mean \($0)?" }
            ?? "define it under maps, or write a range such as [0..<2]")
      }
      result = .map(matrix)
    } else {
      let first = try bound()
      for dot in [".", ".", "<"] where takeDirectly(Unicode.Scalar(dot)!) == false {
        throw unexpected("write a range such as [0..<2] or [2..<d]")
      }
      let end = try bound()
      if first.isFromEnd == end.isFromEnd, first.isFromEnd ? first.offset <= end.offset : first.offset >= end.offset {
        throw ExpressionError(
          offset: start, finding: "the range \(first)..<\(end) is empty", remedy: "write the smaller bound first")
      }
      result = .coordinates(first: first, end: end)
    }
    try expect("]")
    return result
  }

  /// Whether what follows is more than the one letter d.
  private func isLongWord() -> Bool { position + 1 < characters.count && isWordPart(characters[position + 1]) }

  private mutating func bound() throws(ExpressionError) -> PointPart.Bound {
    skipSpaces()
    let remedy = "write a coordinate from 0, d, or d-1"
    if take(["d"]) != nil {
      guard take(["-"]) != nil else { return PointPart.Bound(0, isFromEnd: true) }
      return PointPart.Bound(try wholeNumber(remedy), isFromEnd: true)
    }
    return PointPart.Bound(try wholeNumber(remedy))
  }

  private mutating func wholeNumber(_ remedy: String) throws(ExpressionError) -> Int {
    skipSpaces()
    let start = position
    while position < characters.count, isDigit(characters[position]) { position += 1 }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: characters[start..<position])
    guard let value = Int(String(text)), value <= 1024 else {
      position = start
      throw unexpected(remedy)
    }
    return value
  }

  /// `1, 0; 0, 1)`, its opening bracket read already.
  private mutating func matrix(_ start: Int) throws(ExpressionError) -> [[Double]] {
    var rows: [[Double]] = [[]]
    while true {
      let isNegative = take(["-"]) != nil
      skipSpaces()
      guard position < characters.count, isDigit(characters[position]) || characters[position] == "." else {
        throw unexpected("write a number")
      }
      let value = try number()
      rows[rows.count - 1].append(isNegative ? -value : value)
      if take([","]) != nil { continue }
      guard take([";"]) != nil else { break }
      rows.append([])
    }
    try expect(")")
    guard rows.allSatisfy({ $0.count == rows[0].count }), rows.count <= ExpressionLimits.matrixRows else {
      throw ExpressionError(
        offset: start, finding: "the map's rows differ in length or are more than \(ExpressionLimits.matrixRows)",
        remedy: "write rows of one length, divided by semicolons")
    }
    return rows
  }
}
