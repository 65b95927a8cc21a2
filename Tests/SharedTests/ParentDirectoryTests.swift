// Names of directories that hold a path: commands take any word from a user, the shortest ones too.
import Shared
import Testing

@Suite struct ParentDirectoryTests {
  @Test(arguments: [
    ("k", "."), ("keys", "."), ("", "."), ("/", "/"), ("/k", "/"), ("a/b", "a"), ("/a/b/c", "/a/b"), ("./k", "."),
  ])
  func `a path lies in the directory before its last slash`(path: String, directory: String) {
    #expect(parentDirectory(of: path) == directory)
  }
}
