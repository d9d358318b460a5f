/* The table of pixel kernels that testing and benchmarking share. */
#ifndef MFACE_TEST_KERNEL_ROWS_H
#define MFACE_TEST_KERNEL_ROWS_H

#include <memoface/image.h>
#include <stdbool.h>

enum { N_IMAGES_MAX = 4, N_VALUES = 4 };

enum role { UNUSED, IN, OUT, IN_OUT };

/* One image a kernel works on; its sides are those asked for times `scale` (0 counts as 1). */
struct operand {
    enum role role;
    int c;
    enum mface_sample sample;
    double scale;
    bool wild;       // F32: may hold anything when tested, also what is no number; else 0..1
    float low, high; // F32: the range of its values; both 0: 0..1
};

struct kernel_row {
    const char *name; // as in bench/kernels.py
    struct operand images[N_IMAGES_MAX];
    double values[N_VALUES]; // whatever run() makes of them
    int bench_w, bench_h;
    /* Calls the kernel. `variant` counts up from 0 in tests, for a kernel whose course depends on
     * more than sizes; benchmarks pass 0. */
    enum mface_status (*run)(
        const struct kernel_row *row, const struct mface_image *images, unsigned variant);
};

/* Ends with a row without a name. */
extern const struct kernel_row kernel_rows[];

#endif
