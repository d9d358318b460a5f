#ifndef MFACE_TEST_KERNEL_BENCH_H
#define MFACE_TEST_KERNEL_BENCH_H

/* Prints the time of every kernel, or the one of that name, at every level; the exit code. */
int bench_kernels(const char *only);

/* Answers requests on standard input, one a line, until it ends:
 *
 *     list                   → "NAME W H" for each kernel, then an empty line
 *     levels                 → the levels this CPU has, on one line
 *     inputs NAME            → for each image read: a line "W H C u8|f32", then its rows
 *     outputs NAME LEVEL     → runs it once; the same for each image written
 *     time NAME LEVEL N      → the least time of N runs, in nanoseconds */
int serve_requests(void);

#endif
