// The suite that holds all others here: their processes take turns.
import Testing

@Suite(.serialized) struct EndToEnd {}
