// Identifiers: what they refuse, how they compare and read.
import Shared
import Testing

@Suite struct IdentifierTests {
  @Test func `a blob digest is 64 lower-case hex digits and nothing else`() {
    let digits = String(repeating: "0123456789abcdef", count: 4)
    #expect(BlobDigest(rawValue: digits)?.rawValue == digits)
    for bad in [
      "", String(digits.dropLast()), digits + "0", digits.uppercased(), "../" + digits.dropFirst(3),
      "é" + digits.dropFirst(2),
    ] {
      #expect(BlobDigest(rawValue: bad) == nil)
    }
  }

  @Test func `a blob digest is SHA-256 of the bytes`() {
    // FIPS 180-4 example: "abc".
    #expect(
      BlobDigest(of: Array("abc".utf8)).rawValue == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test func `a digest taken in pieces is that of the whole`() {
    var pieces = IncrementalSHA256()
    pieces.update(Array("a".utf8))
    pieces.update([])
    pieces.update(Array("bc".utf8))
    #expect(pieces.hexDigest() == sha256Hex(Array("abc".utf8)))
  }

  @Test func `later lease tokens are greater, the epoch first`() {
    let tokens = [(1, 9), (2, 1), (2, 2)].map { LeaseToken(epoch: $0.0, counter: $0.1) }
    #expect(tokens.sorted() == tokens)
    #expect(tokens[1].description == "2.1")
  }

  @Test func `tuning, reporting and reference seeds are apart`() {
    #expect(Seed.firstTuning == 2_147_483_648)
    #expect(Seed.reference.rawValue == 4_294_967_295)
  }

  @Test func `numbers as hex keep their width`() {
    #expect(WorkerSession(rawValue: 255).description == "00000000000000ff")
    #expect(hexadecimal(UInt16(0xABC)) == "0abc")
  }

  @Test func `JSON strings escape what they must`() {
    #expect(jsonString("a\"b\\c\n\u{1}é") == #""a\"b\\c\n\u0001é""#)
  }

  @Test func `parameter values read as in tables`() {
    #expect(ParameterValue.number(0.007).description == "0.007")
    #expect(ParameterValue.number(2).description == "2")
    #expect(ParameterValue.list([.text("exp"), .text("linear")]).description == "exp+linear")
    #expect(ParameterValue.mapping(["b": .integer(1), "a": .flag(true)]).description == "{a: true, b: 1}")
  }

  @Test func `tasks read back from their text`() throws {
    let texts = [
      "linear", "relu", "exp", "exp(1.5)", "gaussian", "gaussian(0.5)", "laplace(2)", "matern32", "matern52(0.1)",
      "polynomial", "polynomial(0,3)", "polynomial(-0.5,2)", "cosine", "cosine(3)", "arccosine0", "arccosine1",
      "composite", "composite(full)", "sparse_linear", "sparse_linear(2)", "relu_network(10)", "decision_tree(3)",
      "quadratic", "noisy_linear(0.25)", "kernel((1 + sqdist) ^ -1)",
    ]
    for text in texts { #expect(try TaskKernel(text).description == text) }
    #expect(try TaskKernel("exp(0.5)") == TaskKernel("exp"))
    #expect(try TaskKernel("gaussian(1)") == TaskKernel("gaussian"))
    #expect(try TaskKernel("kernel( dot*2 )").description == "kernel(dot * 2)")
    let refused = [
      "", "exp()", "exp(0)", "exp(-1)", "exp(nan)", "exp(inf)", "Exp", "cubic", "gaussian(0)", "gaussian(1,2)",
      "gaussian(", "polynomial(1,2.5)", "polynomial(1,17)", "composite(half)", "relu_network(0)", "decision_tree(9)",
      "quadratic(1)", "noisy_linear(-1)", "kernel()", "kernel(s)", "kernel(dot", "linear(1)",
    ]
    for text in refused { #expect(throws: TaskTextError.self, "\(text)") { try TaskKernel(text) } }
  }

  @Test func `activations read back from their text`() throws {
    let texts =
      Activation.names.filter { $0 != "poly" } + [
        "exp(2)", "exp(-0.5)", "softmax(2)", "poly(1,2)", "poly(0,3)", "normalized(relu)", "normalized(poly(1,2))",
        "expression(s * sigmoid(1.702 * s))", "normalized(expression(1 / (1 + sqdist)))",
      ]
    for text in texts { #expect(try Activation(text).description == text) }
    #expect(try Activation("normalized(exp)") == .softmax)
    #expect(try Activation("exp(1)") == .exp)
    #expect(try Activation("softmax(1)") == .softmax)
    #expect(try Activation("poly").description == "poly(1,2)")
    #expect(try Activation("expression( s*2 )").description == "expression(s * 2)")
    let refused = [
      "", "Relu", "exp()", "exp(0)", "relu(1)", "relu()", "poly(1)", "poly(1,0)", "normalized(softmax)",
      "normalized(normalized(relu))", "expression(dot)", "expression(1)", "expression(s + sqdist)", "expression(",
    ]
    for text in refused { #expect(throws: ActivationTextError.self, "\(text)") { try Activation(text) } }
    #expect(Heads.texts(in: "exp+expression(s + 1)+linear") == ["exp", "expression(s + 1)", "linear"])
  }
}
