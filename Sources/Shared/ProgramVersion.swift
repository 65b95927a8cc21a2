// The version users see. Never part of a checkpoint's or a result's bytes.
package let programVersion = "0.1.0"
/// Version of the messages in docs/protocol.md.
package let protocolVersion = 2
