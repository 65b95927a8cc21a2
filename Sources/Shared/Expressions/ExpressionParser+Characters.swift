// Numbers, words and single characters of an expression's text.

extension ExpressionParser {
  mutating func number() throws(ExpressionError) -> Double {
    let start = position
    var text = ""
    func digits(_ position: inout Int) {
      while position < characters.count, isDigit(characters[position]) {
        text.unicodeScalars.append(characters[position])
        position += 1
      }
    }
    digits(&position)
    // Two points are a range.
    if position < characters.count, characters[position] == ".",
      !(position + 1 < characters.count && characters[position + 1] == ".")
    {
      text += text.isEmpty ? "0." : "."
      position += 1
      digits(&position)
      if text.last == "." { text += "0" }
    }
    if position < characters.count, characters[position] == "e" || characters[position] == "E" {
      var ahead = position + 1
      var exponent = "e"
      if ahead < characters.count, characters[ahead] == "-" || characters[ahead] == "+" {
        exponent.unicodeScalars.append(characters[ahead])
        ahead += 1
      }
      if ahead < characters.count, isDigit(characters[ahead]) {
        text += exponent
        digits(&ahead)
        position = ahead
      }
    }
    guard let value = Double(text), Float(value).isFinite else {
      throw ExpressionError(
        offset: start, finding: "the number is too large or incomplete", remedy: "write a number below 3e38")
    }
    return value
  }

  mutating func word() throws(ExpressionError) -> String {
    var text = ""
    while position < characters.count, isWordPart(characters[position]) {
      text.unicodeScalars.append(characters[position])
      position += 1
    }
    return text
  }

  mutating func skipSpaces() {
    while position < characters.count, [" ", "\t", "\n"].contains(characters[position]) { position += 1 }
  }

  mutating func take(_ allowed: [Unicode.Scalar]) -> Unicode.Scalar? {
    skipSpaces()
    guard position < characters.count, allowed.contains(characters[position]) else { return nil }
    position += 1
    return characters[position - 1]
  }

  mutating func takeDirectly(_ scalar: Unicode.Scalar) -> Bool {
    guard position < characters.count, characters[position] == scalar else { return false }
    position += 1
    return true
  }

  mutating func expect(_ scalar: Unicode.Scalar) throws(ExpressionError) {
    guard take([scalar]) != nil else { throw unexpected("write \"\(scalar)\" here, or an operator") }
  }
}

func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
func isLetter(_ scalar: Unicode.Scalar) -> Bool {
  ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
}
func isWordPart(_ scalar: Unicode.Scalar) -> Bool { isLetter(scalar) || isDigit(scalar) || scalar == "_" }
