// Reads a file of recorded kernel calls, has each played again, and prints the cases whose numbers differ from x86's.
// Exit code: 0 all the same, 1 some differ, 2 the file cannot be used.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Replay.swift: [0] numbers compared, [1] index of the first that differs or −1, [2] its bits here, [3] those of x86.
void attune_replay(const void *record, int64_t *answer);

/// The first words of every record: Recorder/KernelCall.swift.
enum { header_bytes = 128, mark = 0x4C414341, case_start = 1 };
struct header {
  uint32_t mark, kind, record_bytes, is_changed;
};

static int refuse(const char *path, const char *found) {
  fprintf(stderr, "%s: %s; write it anew with the recorder of the same sources\n", path, found);
  return 2;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s CALLS\n", argv[0]);
    return 2;
  }
  FILE *file = fopen(argv[1], "rb");
  if (!file) return refuse(argv[1], "the file cannot be opened");
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  char *bytes = size > 0 ? aligned_alloc(64, (size_t)(size + 63) / 64 * 64) : NULL;
  if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) return refuse(argv[1], "it cannot be read");
  fclose(file);

  static const char *const names[] = {"?", "?", "predict", "lossAndGradient", "generate", "sumRows"};
  long cases = 0, different = 0, calls = 0, unnoticed = 0, changed = 0;
  int64_t numbers = 0;
  const char *name = "?";
  int differs = 0;
  for (long at = 0; at < size;) {
    struct header head;
    if (size - at < header_bytes) return refuse(argv[1], "it ends within a record");
    memcpy(&head, bytes + at, sizeof head);
    if (head.mark != mark || head.record_bytes < header_bytes || head.record_bytes > (unsigned long)(size - at))
      return refuse(argv[1], "it is no file of recorded calls");
    if (head.kind == case_start) {
      // Cases with numbers changed on purpose test the comparison and are not counted.
      cases += !head.is_changed;
      differs = 0;
      name = bytes + at + header_bytes;
    } else {
      int64_t answer[4];
      attune_replay(bytes + at, answer);
      if (head.is_changed) {
        changed++;
        unnoticed += answer[1] < 0;
      } else {
        calls++;
        numbers += answer[0];
        if (answer[1] >= 0 && !differs) {
          differs = 1;
          different++;
          printf("arm64: %s: %s gives number %lld the bits %08llx, x86 gives %08llx\n", name,
                 names[head.kind < 6 ? head.kind : 0], (long long)answer[1], (long long)answer[2],
                 (long long)answer[3]);
        }
      }
    }
    at += head.record_bytes;
  }
  if (unnoticed > 0 || changed == 0) printf("arm64: of %ld changed results %ld went unnoticed\n", changed, unnoticed);
  printf("arm64: %ld of %ld cases have the same bits as x86 (%ld kernel calls, %lld numbers)\n", cases - different, cases,
         calls, (long long)numbers);
  return different == 0 && unnoticed == 0 && changed > 0 && calls > 0 ? 0 : 1;
}
