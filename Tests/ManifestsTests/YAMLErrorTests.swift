// Text that is no YAML, or YAML that is no manifest, word for word.
import Manifests
import Testing

@Suite struct YAMLErrorTests {
  @Test func `a key written twice is refused with its line`() {
    #expect(
      refusal(of: "method: grid\nmethod: random\n")
        == "a.yaml:1: \"method\" is written here and again further down; keep one")
    #expect(
      refusal(ofParameter: "task: {value: exp}")
        == "a.yaml:3: \"task\" is written here and again further down; keep one")
  }

  @Test func `text that is not YAML is refused with its line`() {
    #expect(
      refusal(of: "method: grid\nparameters: {task: [linear\n")
        == """
        a.yaml:3: the text is not YAML: while parsing a flow sequence, did not find expected ',' or ']'; check the \
        indentation (spaces, no tabs), colons, brackets and quotes
        """)
    #expect(
      refusal(of: "method: grid\nparameters:\n\ttask: 3\n")
        == """
        a.yaml:3: the text is not YAML: while scanning for the next token, found character that cannot start any token; \
        check the indentation (spaces, no tabs), colons, brackets and quotes
        """)
  }

  @Test func `a root that is no mapping is refused`() {
    #expect(
      refusal(of: "just a sentence\n")
        == "a.yaml:1: the manifest starts with \"just a sentence\"; write keys, such as `method: grid`")
    #expect(
      refusal(of: "# hello\n- method\n- grid\n")
        == "a.yaml:2: the manifest starts with \"[method, grid]\"; write keys, such as `method: grid`")
  }

  @Test(arguments: ["", "\n\n", "# only a comment\n", "---\n", "~"])
  func `an empty manifest is refused`(text: String) {
    #expect(refusal(of: text) == "a.yaml: the manifest is empty; write at least method and parameters")
  }

  @Test func `a second document is refused`() {
    #expect(
      refusal(of: smallest + "---\nmethod: grid\n")
        == "a.yaml:6: a second document starts; write one manifest per file, without further `---`")
  }

  @Test func `anchors, aliases, tags and merge keys are refused`() {
    #expect(
      refusal(ofParameter: "layers: &three {value: 3}")
        == "a.yaml:6: the value is marked with an anchor (&); write the value out where it is needed")
    #expect(
      refusal(ofParameter: "layers: *three")
        == "a.yaml:6: the value is an alias (*); write the value out, or put it in quotes")
    #expect(
      refusal(ofParameter: "layers: {value: !!float 3}")
        == """
        a.yaml:6: the value has the tag "tag:yaml.org,2002:float"; remove the tag; types follow from the value
        """)
    #expect(refusal(ofKey: "<<: {name: x}")?.hasPrefix("a.yaml:6: \"<<\" is not a key of a manifest") == true)
  }

  @Test func `stars in texts and comments are no aliases`() {
    #expect(refusal(of: smallest + "description: 2 * 3, *not an alias* # *neither*\n") == nil)
    #expect(refusal(of: smallest + "description: |\n  * one\n  *two\n") == nil)
  }

  @Test func `an alias bomb is refused before it unfolds`() {
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...30 {
      bomb += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
    }
    let expected = "a.yaml:1: the value is marked with an anchor (&); write the value out where it is needed"
    #expect(refusal(of: bomb) == expected)
    // As a key, which the YAML library hashes while it reads.
    #expect(refusal(of: bomb + "? *a30\n: x\n") == expected)
  }

  @Test func `deep nesting is refused`() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(refusal(of: deep) == "a.yaml:1: the manifest is nested more than 12 levels deep; write it flatter")
    let closed = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
    #expect(
      refusal(of: "name: \(closed)\n") == "a.yaml:1: the manifest is nested more than 12 levels deep; write it flatter")
    #expect(
      refusal(of: String(repeating: "- ", count: 100_000) + "x")
        == "a.yaml:1: the manifest is nested more than 12 levels deep; write it flatter")
  }

  @Test func `keys within keys are refused before the library compares them`() {
    let list = "[" + Array(repeating: "a", count: 100_000).joined(separator: ",") + "]"
    for (open, close) in [("{", "}"), ("? ", "")] {
      let text = String(repeating: open, count: 500) + list + String(repeating: close, count: 500)
      #expect(refusal(of: text) == "a.yaml:1: the manifest is nested more than 12 levels deep; write it flatter")
    }
  }

  @Test func `a key that is a list is refused`() {
    #expect(refusal(of: "? [a, b]\n: c\n") == "a.yaml:1: a key is \"[a, b]\"; write a word before the colon")
  }

  @Test func `NUL bytes and control characters are refused with their line`() {
    #expect(
      refusal(of: "method: grid\nname: a\0b\n") == "a.yaml:2: the text has a NUL byte; save the manifest as plain UTF-8"
    )
    #expect(
      refusal(of: "method: grid\nname: a\u{1}b\n")
        == "a.yaml:2: the text is not YAML: control characters are not allowed; write plain UTF-8 text")
  }

  @Test func `a byte order mark and Windows line ends are accepted`() {
    #expect(refusal(of: "\u{FEFF}" + smallest.split(separator: "\n").joined(separator: "\r\n")) == nil)
  }
}
