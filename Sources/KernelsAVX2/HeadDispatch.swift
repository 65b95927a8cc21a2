// Which head kernel serves a dimension and an activation: compiled for the dimension where that is common, else general.
// The choice depends on nothing else, so the same trial always runs the same arithmetic.
import KernelTypes

enum HeadDispatch {
  @inline(__always)
  static func forward(
    _ code: ActivationCode, _ head: borrowing HeadBuffers, base: UnsafePointer<Lanes>,
    output: UnsafeMutablePointer<Lanes>
  ) {
    switch code {
    case .linear where sumsOverSourcesFirst(head): forwardLinear(head, base, output)
    case .linear: forward(LinearHead.self, head, base, output)
    case .relu: forward(ReluHead.self, head, base, output)
    case .exp: forward(ExponentialHead.self, head, base, output)
    case .softmax: forward(SoftmaxHead.self, head, base, output)
    case .program: forward(ProgramHead.self, head, base, output)
    }
  }

  @inline(__always)
  static func forwardQuery(_ code: ActivationCode, _ head: borrowing HeadBuffers) -> Lanes {
    switch code {
    case .linear where sumsOverSourcesFirst(head): forwardQueryLinear(head)
    case .linear: forwardQuery(LinearHead.self, head)
    case .relu: forwardQuery(ReluHead.self, head)
    case .exp: forwardQuery(ExponentialHead.self, head)
    case .softmax: forwardQuery(SoftmaxHead.self, head)
    case .program: forwardQuery(ProgramHead.self, head)
    }
  }

  @inline(__always)
  static func backward(
    _ code: ActivationCode, _ head: borrowing HeadBuffers, outputGradient: UnsafePointer<Lanes>,
    inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    switch code {
    case .linear where sumsOverSourcesFirst(head): backwardLinear(head, outputGradient, inputGradient)
    case .linear: backward(LinearHead.self, head, outputGradient, inputGradient)
    case .relu: backward(ReluHead.self, head, outputGradient, inputGradient)
    case .exp: backward(ExponentialHead.self, head, outputGradient, inputGradient)
    case .softmax: backward(SoftmaxHead.self, head, outputGradient, inputGradient)
    case .program: backward(ProgramHead.self, head, outputGradient, inputGradient)
    }
  }

  @inline(__always)
  static func backwardQuery(
    _ code: ActivationCode, _ head: borrowing HeadBuffers, queryGradient: Lanes,
    inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    switch code {
    case .linear where sumsOverSourcesFirst(head): backwardQueryLinear(head, queryGradient, inputGradient)
    case .linear: backwardQuery(LinearHead.self, head, queryGradient, inputGradient)
    case .relu: backwardQuery(ReluHead.self, head, queryGradient, inputGradient)
    case .exp: backwardQuery(ExponentialHead.self, head, queryGradient, inputGradient)
    case .softmax: backwardQuery(SoftmaxHead.self, head, queryGradient, inputGradient)
    case .program: backwardQuery(ProgramHead.self, head, queryGradient, inputGradient)
    }
  }

  private static func forward<A: HeadActivation>(
    _: A.Type, _ head: borrowing HeadBuffers, _ base: UnsafePointer<Lanes>, _ output: UnsafeMutablePointer<Lanes>
  ) {
    switch head.dimension {
    case 1: SpecializedHead<A, 1>.forward(head, base: base, output: output)
    case 2: SpecializedHead<A, 2>.forward(head, base: base, output: output)
    case 3: SpecializedHead<A, 3>.forward(head, base: base, output: output)
    case 4: SpecializedHead<A, 4>.forward(head, base: base, output: output)
    case 5: SpecializedHead<A, 5>.forward(head, base: base, output: output)
    case 6: SpecializedHead<A, 6>.forward(head, base: base, output: output)
    case 7: SpecializedHead<A, 7>.forward(head, base: base, output: output)
    case 8: SpecializedHead<A, 8>.forward(head, base: base, output: output)
    default: GeneralHead<A>.forward(head, base: base, output: output)
    }
  }

  private static func forwardQuery<A: HeadActivation>(_: A.Type, _ head: borrowing HeadBuffers) -> Lanes {
    switch head.dimension {
    case 1: SpecializedHead<A, 1>.forwardQuery(head)
    case 2: SpecializedHead<A, 2>.forwardQuery(head)
    case 3: SpecializedHead<A, 3>.forwardQuery(head)
    case 4: SpecializedHead<A, 4>.forwardQuery(head)
    case 5: SpecializedHead<A, 5>.forwardQuery(head)
    case 6: SpecializedHead<A, 6>.forwardQuery(head)
    case 7: SpecializedHead<A, 7>.forwardQuery(head)
    case 8: SpecializedHead<A, 8>.forwardQuery(head)
    default: GeneralHead<A>.forwardQuery(head)
    }
  }

  private static func backward<A: HeadActivation>(
    _: A.Type, _ head: borrowing HeadBuffers, _ g: UnsafePointer<Lanes>, _ gi: UnsafeMutablePointer<Lanes>?
  ) {
    switch head.dimension {
    case 1: SpecializedHead<A, 1>.backward(head, outputGradient: g, inputGradient: gi)
    case 2: SpecializedHead<A, 2>.backward(head, outputGradient: g, inputGradient: gi)
    case 3: SpecializedHead<A, 3>.backward(head, outputGradient: g, inputGradient: gi)
    case 4: SpecializedHead<A, 4>.backward(head, outputGradient: g, inputGradient: gi)
    case 5: SpecializedHead<A, 5>.backward(head, outputGradient: g, inputGradient: gi)
    case 6: SpecializedHead<A, 6>.backward(head, outputGradient: g, inputGradient: gi)
    case 7: SpecializedHead<A, 7>.backward(head, outputGradient: g, inputGradient: gi)
    case 8: SpecializedHead<A, 8>.backward(head, outputGradient: g, inputGradient: gi)
    default: GeneralHead<A>.backward(head, outputGradient: g, inputGradient: gi)
    }
  }

  private static func backwardQuery<A: HeadActivation>(
    _: A.Type, _ head: borrowing HeadBuffers, _ gy: Lanes, _ gi: UnsafeMutablePointer<Lanes>?
  ) {
    switch head.dimension {
    case 1: SpecializedHead<A, 1>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 2: SpecializedHead<A, 2>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 3: SpecializedHead<A, 3>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 4: SpecializedHead<A, 4>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 5: SpecializedHead<A, 5>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 6: SpecializedHead<A, 6>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 7: SpecializedHead<A, 7>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 8: SpecializedHead<A, 8>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    default: GeneralHead<A>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    }
  }

  /// Linear attention costs n²·d with sums over sources last and n·d² with them first, and about the same at n = d.
  @inline(__always)
  private static func sumsOverSourcesFirst(_ head: borrowing HeadBuffers) -> Bool {
    head.context >= head.dimension
  }

  private static func forwardLinear(
    _ head: borrowing HeadBuffers, _ base: UnsafePointer<Lanes>, _ output: UnsafeMutablePointer<Lanes>
  ) {
    switch head.dimension {
    case 1: AssociatedLinear<FixedProduct<1, 2>>.forward(head, base: base, output: output)
    case 2: AssociatedLinear<FixedProduct<2, 3>>.forward(head, base: base, output: output)
    case 3: AssociatedLinear<FixedProduct<3, 4>>.forward(head, base: base, output: output)
    case 4: AssociatedLinear<FixedProduct<4, 5>>.forward(head, base: base, output: output)
    case 5: AssociatedLinear<FixedProduct<5, 6>>.forward(head, base: base, output: output)
    case 6: AssociatedLinear<FixedProduct<6, 7>>.forward(head, base: base, output: output)
    case 7: AssociatedLinear<FixedProduct<7, 8>>.forward(head, base: base, output: output)
    case 8: AssociatedLinear<FixedProduct<8, 9>>.forward(head, base: base, output: output)
    default: AssociatedLinear<AnyProduct>.forward(head, base: base, output: output)
    }
  }

  private static func forwardQueryLinear(_ head: borrowing HeadBuffers) -> Lanes {
    switch head.dimension {
    case 1: AssociatedLinear<FixedProduct<1, 2>>.forwardQuery(head)
    case 2: AssociatedLinear<FixedProduct<2, 3>>.forwardQuery(head)
    case 3: AssociatedLinear<FixedProduct<3, 4>>.forwardQuery(head)
    case 4: AssociatedLinear<FixedProduct<4, 5>>.forwardQuery(head)
    case 5: AssociatedLinear<FixedProduct<5, 6>>.forwardQuery(head)
    case 6: AssociatedLinear<FixedProduct<6, 7>>.forwardQuery(head)
    case 7: AssociatedLinear<FixedProduct<7, 8>>.forwardQuery(head)
    case 8: AssociatedLinear<FixedProduct<8, 9>>.forwardQuery(head)
    default: AssociatedLinear<AnyProduct>.forwardQuery(head)
    }
  }

  private static func backwardLinear(
    _ head: borrowing HeadBuffers, _ g: UnsafePointer<Lanes>, _ gi: UnsafeMutablePointer<Lanes>?
  ) {
    switch head.dimension {
    case 1: AssociatedLinear<FixedProduct<1, 2>>.backward(head, outputGradient: g, inputGradient: gi)
    case 2: AssociatedLinear<FixedProduct<2, 3>>.backward(head, outputGradient: g, inputGradient: gi)
    case 3: AssociatedLinear<FixedProduct<3, 4>>.backward(head, outputGradient: g, inputGradient: gi)
    case 4: AssociatedLinear<FixedProduct<4, 5>>.backward(head, outputGradient: g, inputGradient: gi)
    case 5: AssociatedLinear<FixedProduct<5, 6>>.backward(head, outputGradient: g, inputGradient: gi)
    case 6: AssociatedLinear<FixedProduct<6, 7>>.backward(head, outputGradient: g, inputGradient: gi)
    case 7: AssociatedLinear<FixedProduct<7, 8>>.backward(head, outputGradient: g, inputGradient: gi)
    case 8: AssociatedLinear<FixedProduct<8, 9>>.backward(head, outputGradient: g, inputGradient: gi)
    default: AssociatedLinear<AnyProduct>.backward(head, outputGradient: g, inputGradient: gi)
    }
  }

  private static func backwardQueryLinear(
    _ head: borrowing HeadBuffers, _ gy: Lanes, _ gi: UnsafeMutablePointer<Lanes>?
  ) {
    switch head.dimension {
    case 1: AssociatedLinear<FixedProduct<1, 2>>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 2: AssociatedLinear<FixedProduct<2, 3>>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 3: AssociatedLinear<FixedProduct<3, 4>>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 4: AssociatedLinear<FixedProduct<4, 5>>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 5: AssociatedLinear<FixedProduct<5, 6>>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 6: AssociatedLinear<FixedProduct<6, 7>>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 7: AssociatedLinear<FixedProduct<7, 8>>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    case 8: AssociatedLinear<FixedProduct<8, 9>>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    default: AssociatedLinear<AnyProduct>.backwardQuery(head, queryGradient: gy, inputGradient: gi)
    }
  }
}
