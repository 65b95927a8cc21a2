// The kernels that have a name, as expressions of dot, norm_u, norm_v and sqdist: tasks by themselves, and words in a
// manifest's own kernels, `0.5 * gaussian(0.3) + dot` or `matern32(1)[0..<2]`.

package struct NamedKernel: Sendable {
  package let name: String
  /// As error messages and documentation write it.
  package let form: String
  /// What parameters that are left out are; their number is that of all parameters.
  package let defaults: [Double]
  private let isAllowed: @Sendable ([Double]) -> Bool
  private let tree: @Sendable ([Double]) -> Expression

  /// The kernel with these parameters, the last ones left out or not; nil where one is not allowed.
  package func expression(_ parameters: [Double]) -> Expression? {
    completed(parameters).map(tree)
  }

  /// All parameters, or nil.
  package func completed(_ parameters: [Double]) -> [Double]? {
    guard parameters.count <= defaults.count else { return nil }
    let all = parameters + defaults[parameters.count...]
    return isAllowed(all) ? all : nil
  }

  /// relu and exp are functions of expressions, so that there the kernels are relu(dot) and exp(0.5 * dot).
  package static let inExpressions = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// `gaussian`: Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, (4.9); `laplace` and the Matérn
  /// family: (4.14), (4.17); `polynomial`: §4.2.2; `arccosine0`, `arccosine1`: Cho & Saul 2009, Kernel Methods for Deep
  /// Learning, (6), (7). `cosine` is the one of the paper's kind, h(<u, v>), and indefinite.
  package static let all: [NamedKernel] = [
    lengthScaled("gaussian") { l in .call(.exp, .number(-0.5 / (l * l)) * squaredDistance) },
    lengthScaled("laplace") { l in .call(.exp, .number(-1 / l) * distance) },
    lengthScaled("matern32") { l in
      let r = .number(3.0.squareRoot() / l) * distance
      return (.number(1) + r) * .call(.exp, .call(.negate, r))
    },
    lengthScaled("matern52") { l in
      let r = .number(5.0.squareRoot() / l) * distance
      return (.number(1) + r + .number(5 / (3 * l * l)) * squaredDistance) * .call(.exp, .call(.negate, r))
    },
    NamedKernel(
      name: "polynomial", form: "polynomial(c,p) with a whole p from 1 to 16", defaults: [1, 2],
      isAllowed: { $0[0].magnitude <= 1e6 && $0[1] == $0[1].rounded() && (1...16).contains($0[1]) },
      tree: { .operation(.power, $0[0] == 0 ? dot : dot + .number($0[0]), .number($0[1])) }),
    NamedKernel(
      name: "cosine", form: "cosine(w) with w above 0", defaults: [1], isAllowed: { $0[0] >= 1e-6 && $0[0] <= 1e6 },
      tree: { .call(.cos, $0[0] == 1 ? dot : .number($0[0]) * dot) }),
    NamedKernel(
      name: "arccosine0", form: "arccosine0", defaults: [], isAllowed: { _ in true },
      tree: { _ in .number(1) - .number(2 / .pi) * .call(.asin, .call(.sqrt, squaredHalfSine)) }),
    NamedKernel(
      name: "arccosine1", form: "arccosine1", defaults: [], isAllowed: { _ in true },
      tree: { _ in
        let h = squaredHalfSine
        let sine = .number(2) * .call(.sqrt, h * (.number(1) - h))
        let rest = .number(.pi) - .number(2) * .call(.asin, .call(.sqrt, h))
        return .number(1 / .pi) * normU * normV * (sine + rest * (.number(1) - .number(2) * h))
      }),
  ]

  private static func lengthScaled(
    _ name: String, _ tree: @escaping @Sendable (Double) -> Expression
  ) -> NamedKernel {
    NamedKernel(
      name: name, form: "\(name)(l) with a length l from 0.001 to 1000", defaults: [1],
      isAllowed: { $0[0] >= 1e-3 && $0[0] <= 1e3 }, tree: { tree($0[0]) })
  }

  private static let dot = Expression.variable(ExpressionVariable(.dot))
  private static let normU = Expression.variable(ExpressionVariable(.normU))
  private static let normV = Expression.variable(ExpressionVariable(.normV))
  private static let squaredDistance = Expression.variable(ExpressionVariable(.squaredDistance))
  private static let distance = Expression.call(.sqrt, squaredDistance)

  /// sin²(θ/2) for the angle θ between u and v, from their distance: exactly 0 where u = v, where the arc cosine of a
  /// rounded <u, v> would be off by 3e-4. Source: Kahan 2006, How Futile are Mindless Assessments of Roundoff, §12.
  private static let squaredHalfSine: Expression = {
    let difference = normU - normV
    let ratio = (squaredDistance - .operation(.power, difference, .number(2))) / (.number(4) * normU * normV)
    return .operation(.minimum, .operation(.maximum, ratio, .number(0)), .number(1))
  }()
}
