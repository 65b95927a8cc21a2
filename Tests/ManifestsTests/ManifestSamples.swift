// Manifests that the tests share, and the text of the error that one of them gives.
import Manifests
import Shared

/// A correct manifest of one cell, line 1 to 5, to which a test adds lines from line 6 on.
let smallest = """
  method: grid
  parameters:
    task: {value: relu}
    activation: {value: exp}
    steps: {value: 100}

  """

func plan(_ text: String) throws -> SweepPlan { try parseManifest(text, path: "a.yaml").plan }

/// The text of the error, or nil if there is none.
func refusal(of text: String) -> String? {
  do {
    _ = try parseManifest(text, path: "a.yaml")
    return nil
  } catch { return error.description }
}

/// The error of `smallest` with further lines below `parameters`.
func refusal(ofParameter lines: String) -> String? { refusal(of: smallest + "  " + lines + "\n") }

/// The error of `smallest` with further keys.
func refusal(ofKey lines: String) -> String? { refusal(of: smallest + lines + "\n") }
