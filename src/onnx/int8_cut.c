/* How a convolution in bytes is cut up: into bands whose planes fit into a core's own cache, and
 * into as many pieces as threads share evenly. */
#include "onnx/int8_conv.h"

#include "base/mem.h"
#include "onnx/own_conv.h"

/* Planes and a panel's weights share the 1.25 to 2 MiB of a core's second-level cache. */
enum { PLANES_BYTES = 900000 };

/* Fewer rows than that, and rounding the rows above and below a band takes longer than it saves. */
enum { LEAST_BAND_ROWS = 4 };

/* Bands of a picture: enough to fit, and more where threads then share all pictures' evenly. */
static int count_bands(const struct mface_int8_conv *kernel)
{
    const int planes = kernel->n_phases * kernel->n_groups;
    const int row_bytes = (kernel->width + 1) * MFACE_INT8_GROUP * planes;
    const int fitting = PLANES_BYTES / row_bytes - 2, threads = kernel->threads;
    const int least = mface_divide_up(kernel->height, fitting > 1 ? fitting : 1);
    const int step = threads / mface_gcd(threads, kernel->batch);
    const int even = mface_divide_up(least, step) * step;
    return kernel->height / even >= LEAST_BAND_ROWS ? even : least;
}

static int least_of(int a, int b)
{
    return a < b ? a : b;
}

static int count_together(const struct mface_int8_conv *kernel)
{
    const int fitting = (int)(PLANES_BYTES / kernel->planes_bytes);
    const int share = mface_divide_up(kernel->n_bands * kernel->batch, kernel->threads);
    if (kernel->n_parts > 1 || fitting < 1)
        return 1;
    return least_of(least_of(fitting, share), MFACE_INT8_TOGETHER_MAX);
}

void mface_int8_conv_cut(struct mface_int8_conv *kernel)
{
    const int planes = kernel->n_phases * kernel->n_groups, threads = kernel->threads;
    kernel->band_rows = mface_divide_up(kernel->height, count_bands(kernel));
    kernel->n_bands = mface_divide_up(kernel->height, kernel->band_rows);
    const int n_items = kernel->n_bands * kernel->batch;
    kernel->n_parts = threads / mface_gcd(threads, n_items);
    if (kernel->n_parts > kernel->n_panels)
        kernel->n_parts = kernel->n_panels;
    const int pixels = (kernel->band_rows + 2) * (kernel->width + 1) + MFACE_INT8_TAIL;
    kernel->plane_bytes = (size_t)pixels * MFACE_INT8_GROUP;
    kernel->planes_bytes = kernel->plane_bytes * (size_t)planes;
    kernel->n_together = count_together(kernel);
}
