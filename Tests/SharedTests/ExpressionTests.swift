// Expressions as text: what is read and how it binds, the canonical form, refusals with their place, and the double
// precision functions against the C library's.
import Foundation
import Shared
import Testing

/// Foundation has one of its own.
private typealias Expression = Shared.Expression

@Suite struct ExpressionTests {
  private func activation(_ text: String) throws -> Expression { try Expression(text, as: .activation) }
  private func value(_ text: String, s: Double) throws -> Double { try activation(text).value { _ in s } }
  private func refusal(_ text: String, as kind: ExpressionKind = .activation) -> ExpressionError? {
    do throws(ExpressionError) {
      _ = try Expression(text, as: kind)
      return nil
    } catch { return error }
  }

  @Test(arguments: [
    ("1 + 2 * 3 ^ 2", 19.0), ("(1 + 2) * 3", 9), ("2 ^ 3 ^ 2", 512), ("-2 ^ 2", -4), ("(-2) ^ 2", 4), ("2 ^ -1", 0.5),
    ("8 / 4 / 2", 1), ("8 - 4 - 2", 2), ("- -3", 3), ("+3", 3), ("1e-1 + .5", 0.6), ("2 * -3", -6), ("pi / pi", 1),
    ("min(3, 2) + max(1, 5)", 7), ("abs(-3) + relu(-2) + relu(2)", 5), ("s - s * s", -6),
    ("(s-1)^0.5", 2.0.squareRoot()),
  ])
  func `operators bind as in mathematics`(text: String, expected: Double) throws {
    #expect(abs(try value(text, s: 3) - expected) < 1e-15)
  }

  @Test(arguments: [
    ("s*sigmoid( 1.702*s )", "s * sigmoid(1.702 * s)"), ("((s))", "s"), ("-(s+1)", "-(s + 1)"),
    ("(s^2)^3", "(s ^ 2) ^ 3"),
    ("s^2^3", "s ^ 2 ^ 3"), ("s-(1-s)", "s - (1 - s)"), ("(s*2)/3", "s * 2 / 3"), ("s*(2/3)", "s * (2 / 3)"),
    ("1.50 + s", "1.5 + s"), ("1e3*s", "1000 * s"), ("s^-s^2", "s ^ -s ^ 2"), ("(-1)^2*s", "(-1) ^ 2 * s"),
    ("min(s,0)", "min(s, 0)"), ("-s*2", "-s * 2"), ("-(s*2)", "-(s * 2)"), ("s - -1", "s - -1"),
    ("2e-7*s", "2e-07 * s"),
  ])
  func `the canonical text reads back as the same expression`(text: String, canonical: String) throws {
    let expression = try activation(text)
    #expect(expression.description == canonical)
    #expect(try activation(canonical) == expression)
  }

  @Test(arguments: [
    ("exp(dot[0..<2])+dot[2..<d-1]", "exp(dot[0..<2]) + dot[2..<d-1]"), ("sqdist[d-2..<d]", "sqdist[d-2..<d]"),
    ("dot[G]*norm_u", "dot[(1, 0; 0.5, -2)] * norm_u"), ("dot[(1,2)]", "dot[(1, 2)]"),
    ("gaussian(2)[0..<2]", "exp(-0.125 * sqdist[0..<2])"), ("laplace", "exp(-1 * sqrt(sqdist))"),
    ("dot[d1]", "dot[(3)]"), ("1 + dot", "1 + dot"),
  ])
  func `kernels take coordinates, maps and named kernels`(text: String, canonical: String) throws {
    let kind = ExpressionKind.kernel(maps: ["G": [[1, 0], [0.5, -2]], "d1": [[3]]])
    let expression = try Expression(text, as: kind)
    #expect(expression.description == canonical)
    #expect(try Expression(canonical, as: .kernel(maps: [:])) == expression)
  }

  @Test(arguments: [
    ("s * sigmod(s)", 4, "\"sigmod\" has no meaning", "did you mean sigmoid?"),
    ("s +", 3, "the expression ends", "write a number"),
    ("s s", 2, "\"s\" stands", "write an operator"), ("(s", 2, "the expression ends", "write \")\""),
    ("exp s", 4, "\"s\" stands", "write exp(…)"), ("min(s)", 0, "min has 1 argument", "write two"),
    ("dot", 0, "\"dot\" has no meaning", "write a number, s"),
    ("s ± 1", 2, "\"a character beyond ASCII\" stands", "write"),
    ("1e99 * s", 0, "the number is too large", "below 3e38"), ("", 0, "the expression ends", "write a number, s"),
  ])
  func `a refusal names the character and what may stand there`(
    text: String, offset: Int, finding: String, remedy: String
  ) throws {
    let error = try #require(refusal(text))
    #expect(error.offset == offset)
    #expect(error.finding.hasPrefix(finding), "\(error)")
    #expect(error.remedy.contains(remedy), "\(error)")
  }

  @Test func `a kernel's refusals name ranges and maps`() throws {
    for (text, finding) in [
      ("dot[2..<2]", "the range 2..<2 is empty"), ("dot[H]", "there is no map \"H\""), ("dot[0..2]", "\"2\" stands"),
      ("dot[(1, 2; 3)]", "the map's rows differ"), ("gaussian(0)", "gaussian has parameters"), ("s", "\"s\" has no"),
    ] {
      let error = try #require(refusal(text, as: .kernel(maps: ["G": [[1]]])))
      #expect(error.finding.hasPrefix(finding), "\(error)")
    }
  }

  @Test func `length, depth and terms are bounded`() throws {
    let deep = String(repeating: "(", count: 60) + "s" + String(repeating: ")", count: 60)
    #expect(try #require(refusal(deep)).finding.contains("nested more than 48"))
    let signs = String(repeating: "-", count: 5000) + "s"
    #expect(refusal(signs) != nil)
    let many = Array(repeating: "s", count: 300).joined(separator: "+")
    #expect(try #require(refusal(many)).finding.contains("more than 256 terms"))
    let long = "s" + String(repeating: " ", count: 3000)
    #expect(try #require(refusal(long)).remedy == "write at most 2000 characters")
    let powers = Array(repeating: "s", count: 60).joined(separator: "^")
    #expect(try #require(refusal(powers)).finding.contains("nested"))
    // What names and maps stand for counts as if it had been written.
    let kernels = Array(repeating: "arccosine1", count: 12).joined(separator: "+")
    #expect(try #require(refusal(kernels, as: .kernel(maps: [:]))).finding.contains("more than 256 terms"))
    let wide = [[Double]](repeating: (0..<100).map { Double($0) + 0.123456 }, count: 3)
    #expect(try #require(refusal("dot[G]", as: .kernel(maps: ["G": wide]))).finding.contains("written out"))
  }

  @Test func `the double precision functions are the C library's`() {
    for i in -4000...4000 {
      let x = Double(i) / 250
      let pairs: [(ExpressionFunction, Double)] = [
        (.exp, exp(x)), (.sin, sin(x)), (.cos, cos(x)), (.tanh, tanh(x)), (.sigmoid, 1 / (1 + exp(-x))),
        (.softplus, x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))), (.erf, erf(x)), (.asin, asin(x / 16)),
        (.log, log(x + 17)),
      ]
      for (function, expected) in pairs {
        let argument = function == .asin ? x / 16 : function == .log ? x + 17 : x
        #expect(abs(function.value(argument) - expected) < 4e-15 * max(abs(expected), 1), "\(function) at \(argument)")
      }
      #expect(abs(ExpressionFunction.tanh.value(x / 100) / tanh(x / 100) - 1) < 4e-15 || i == 0)
    }
    #expect(ExpressionFunction.log.value(0) == -.infinity && ExpressionFunction.log.value(-1).isNaN)
    #expect(ExpressionFunction.asin.value(1.1).isNaN && ExpressionFunction.erf.value(7) == 1)
  }

  @Test func `a kernel that is not symmetric or not finite is refused with points that show it`() throws {
    func refused(_ text: String, dimension: Int = 3) throws -> String {
      do throws(ParameterError) {
        _ = try TrialParameters(values: [
          .task: .text(text), .activation: .text("relu"), .dimension: .integer(dimension), .inputs: .text("gaussian"),
        ])
        return ""
      } catch { return error.description }
    }
    #expect(try refused("kernel(dot * norm_u)").contains("not symmetric: kernel(u, v) is"))
    #expect(try refused("kernel(log(dot))").contains("not finite at dot"))
    #expect(try refused("kernel(dot[0..<4])").contains("dimension is 3"))
    #expect(try refused("kernel(dot[(1, 2)])").contains("maps of 3 columns"))
    #expect(try refused("sparse_linear(4)").contains("at most the dimension, 3"))
    #expect(try refused("kernel(dot * norm_u * norm_v)") == "")
    #expect(try refused("composite", dimension: 3) != "" && refused("composite", dimension: 4) == "")
  }

  @Test func `kernels are told apart by the signs of their eigenvalues`() throws {
    func isAbsolute(_ text: String, dimension: Int = 5) throws -> Bool {
      try TrialParameters(values: [
        .task: .text(text), .activation: .text("relu"), .dimension: .integer(dimension),
      ]).usesAbsoluteKernel
    }
    let definite = [
      "gaussian", "gaussian(0.1)", "laplace", "matern32", "matern52", "polynomial", "polynomial(0,3)", "arccosine0",
      "arccosine1", "composite", "composite(full)", "kernel((1 + sqdist) ^ -1)", "kernel(exp(0.5 * dot) * gaussian(1))",
      "kernel(dot[0..<2] + 2 * laplace(1)[2..<5])",
    ]
    for text in definite { #expect(try !isAbsolute(text), "\(text)") }
    for text in [
      "cosine", "polynomial(-1,2)", "kernel(relu(dot))", "kernel(-dot)", "kernel(tanh(dot))", "kernel(sqdist)",
    ] {
      #expect(try isAbsolute(text), "\(text)")
    }
  }

  @Test func `a matched activation has the kernel's formula`() throws {
    func matched(_ text: String) throws -> String? { try TaskKernel(text).matchedActivation?.description }
    #expect(try matched("relu") == "relu" && matched("exp(2)") == "exp" && matched("cosine") == "cosine")
    #expect(try matched("polynomial(1,3)") == "poly(1,3)" && matched("polynomial(0,2)") == "poly(0,2)")
    #expect(try matched("gaussian(0.5)") == "gaussian" && matched("composite") == nil && matched("quadratic") == nil)
    #expect(try matched("kernel((1 + sqdist) ^ -1)") == "expression((1 + sqdist) ^ -1)")
    #expect(try matched("kernel(sin(dot))") == "expression(sin(s))" && matched("kernel(dot[0..<2])") == nil)
  }
}
