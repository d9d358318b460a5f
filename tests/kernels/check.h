#ifndef MFACE_TEST_KERNEL_CHECK_H
#define MFACE_TEST_KERNEL_CHECK_H

/* Tests every kernel, or the one of that name; the exit code. */
int check_kernels(const char *only);

#endif
