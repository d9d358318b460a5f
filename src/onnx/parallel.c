#include "onnx/parallel.h"

/* Elements from which a second thread pays for itself. */
enum { WORK_MIN = 1 << 16 };

/* A parallel region of one thread would make libgomp allocate a team for it. */
void mface_parallel(int threads, int64_t n, int64_t work,
    void (*fn)(const void *user, int64_t first, int64_t end), const void *user)
{
    const int n_ranges = work > WORK_MIN && n > 1 ? threads : 1;
    if (n_ranges < 2) {
        fn(user, 0, n);
        return;
    }
#pragma omp parallel for num_threads(n_ranges) schedule(static)
    for (int i = 0; i < n_ranges; i++)
        fn(user, n * i / n_ranges, n * (i + 1) / n_ranges);
}

struct run {
    const struct mface_step *step;
    const struct mface_op_args *args;
    mface_op_range *range;
};

static void run_range(const void *user, int64_t first, int64_t end)
{
    const struct run *run = user;
    run->range(run->step, run->args, first, end);
}

void mface_op_parallel(const struct mface_step *step, const struct mface_op_args *args, int64_t n,
    int64_t work, mface_op_range *range)
{
    const struct run run = { step, args, range };
    mface_parallel(step->threads, n, work, run_range, &run);
}
