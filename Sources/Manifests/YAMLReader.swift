// YAML text to a ManifestNode: the only file that touches the YAML library.
// Refuses what a manifest has no use for and an attacker has: anchors, aliases, tags, several documents, deep nesting.
internal import Yams
import Shared

/// A manifest needs five levels; more is a mistake.
private let maximumDepth = 12

/// The library compares mapping keys with all they contain, so keys within keys cost their depth times their size. Far
/// above `maximumDepth`, since it also counts what stands in texts and comments.
private let maximumBrackets = 64

/// The root of the one document in `text`; nil if it holds nothing but comments.
func readYAML(_ text: String) throws(Issue) -> ManifestNode? {
  // Editors on Windows write a byte order mark, which the library takes for the start of a document.
  let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
  try refuseDeepKeys(text)
  // An alias makes the library share one node in many places, and a few lines of them a tree that no memory holds.
  // With every `*` replaced there can be no alias, so this first reading is harmless; if it finds no anchor, an alias
  // in the real text has nothing to refer to and the second reading refuses it.
  if text.utf8.contains(UInt8(ascii: "*")) {
    let harmless = String(decoding: text.utf8.map { $0 == UInt8(ascii: "*") ? UInt8(ascii: "_") : $0 }, as: UTF8.self)
    _ = try composed(harmless)
  }
  return try composed(text)
}

/// Counts open brackets and `?` that follow one another; both are how keys come to hold keys.
private func refuseDeepKeys(_ text: String) throws(Issue) {
  var line = 1, brackets = 0, questions = 0
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
    case UInt8(ascii: "]"), UInt8(ascii: "}"): brackets -= 1
    case UInt8(ascii: "?"): questions += 1
    case UInt8(ascii: "\n"): line += 1
    case UInt8(ascii: " "), UInt8(ascii: "\r"): break
    default: questions = 0
    }
    if brackets > maximumBrackets || questions > maximumBrackets { throw tooDeep(line: line) }
  }
}

private func tooDeep(line: Int) -> Issue {
  Issue(line: line, "the manifest is nested more than \(maximumDepth) levels deep", "write it flatter")
}

private func composed(_ text: String) throws(Issue) -> ManifestNode? {
  do {
    // Anchors are held weakly by their nodes: the parser must outlive the conversion.
    let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
    return try withExtendedLifetime(parser) {
      guard let root = try parser.singleRoot() else { return nil }
      return try converted(root, depth: 0)
    }
  } catch let issue as Issue {
    throw issue
  } catch {
    throw explained(error, text: text)
  }
}

private func converted(_ node: Node, depth: Int) throws(Issue) -> ManifestNode {
  let line = node.mark?.line ?? 1
  if node.anchor != nil {
    throw Issue(line: line, "the value is marked with an anchor (&)", "write the value out where it is needed")
  }
  guard depth <= maximumDepth else {
    throw tooDeep(line: line)
  }
  switch node {
  case .scalar(let scalar):
    let tag = scalar.tag.rawValue
    try checkTag(tag, allowed: textTag, line: line)
    let isPlain = (scalar.style == .plain || scalar.style == .any) && tag != textTag
    // A quotation mark stands before the first character; blocks and escapes have their characters elsewhere.
    let isQuoted = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
    let stands = isPlain || isQuoted && !scalar.string.contains { "\\'\"\n".contains($0) }
    let column = stands ? node.mark.map { $0.column + (isQuoted ? 1 : 0) } : nil
    return ManifestNode(line: line, column: column, content: .scalar(scalar.string, plain: isPlain))
  case .sequence(let sequence):
    try checkTag(sequence.tag.rawValue, allowed: "tag:yaml.org,2002:seq", line: line)
    var items: [ManifestNode] = []
    for item in sequence { items.append(try converted(item, depth: depth + 1)) }
    return ManifestNode(line: line, content: .list(items))
  case .mapping(let mapping):
    try checkTag(mapping.tag.rawValue, allowed: "tag:yaml.org,2002:map", line: line)
    var entries: [ManifestNode.Entry] = []
    for (key, value) in mapping {
      let keyNode = try converted(key, depth: depth + 1)
      guard case .scalar(let name, _) = keyNode.content else {
        throw Issue(line: keyNode.line, "a key is \"\(excerpt(keyNode.text))\"", "write a word before the colon")
      }
      entries.append(.init(key: name, line: keyNode.line, value: try converted(value, depth: depth + 1)))
    }
    return ManifestNode(line: line, content: .mapping(entries))
  case .alias:
    throw Issue(line: line, "the value is an alias (*)", "write the value out")
  }
}

private let textTag = "tag:yaml.org,2002:str"

/// The library leaves an absent tag empty, or resolves it to text where it compared keys.
private func checkTag(_ tag: String, allowed: String, line: Int) throws(Issue) {
  guard tag.isEmpty || tag == allowed || tag == "!" else {
    throw Issue(line: line, "the value has the tag \"\(excerpt(tag))\"", "remove the tag; types follow from the value")
  }
}

/// The library's errors in the form of ours.
private func explained(_ error: any Error, text: String) -> Issue {
  let remedy = "check the indentation (spaces, no tabs), colons, brackets and quotes"
  switch error as? YamlError {
  case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
    if problem.hasPrefix("Maximum nesting level") {
      return tooDeep(line: mark.line)
    }
    let situation = context.map { "\($0.text), " } ?? ""
    return Issue(line: mark.line, "the text is not YAML: \(situation)\(problem)", remedy)
  case .composer(_, "found undefined alias", let mark, _):
    return Issue(line: mark.line, "the value is an alias (*)", "write the value out, or put it in quotes")
  case .composer(_, "but found another document", let mark, _):
    return Issue(line: mark.line, "a second document starts", "write one manifest per file, without further `---`")
  case .composer(_, let problem, let mark, _):
    return Issue(line: mark.line, "the text is not YAML: \(problem)", remedy)
  case .duplicatedKeysInMapping(let names, let context):
    return Issue(
      line: context.mark.line, "\"\(excerpt(names.first ?? ""))\" is written here and again further down", "keep one")
  case .reader(let problem, let offset, _, _):
    let line = offset.map { 1 + text.prefix($0).count(where: \.isNewline) }
    return Issue(line: line, "the text is not YAML: \(problem)", "write plain UTF-8 text")
  case .memory:
    return Issue("the YAML reader ran out of memory", "write a smaller manifest")
  case .no, .writer, .emitter, .representer, .dataCouldNotBeDecoded, nil:
    return Issue("the text is not YAML", remedy)
  }
}
