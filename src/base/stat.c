#include "base/stat.h"

#include <math.h>

/* Bucket 16·e + f holds durations d with 2^e·(1 + f/16) ≤ d < 2^e·(1 + (f+1)/16). */
static unsigned bucket_of(int64_t us)
{
    if (us < 1)
        return 0;
    const unsigned exponent = 63 - (unsigned)__builtin_clzll((unsigned long long)us);
    const unsigned fraction =
        (unsigned)((exponent >= 4 ? us >> (exponent - 4) : us << (4 - exponent)) & 15);
    const unsigned bucket = 16 * exponent + fraction;
    return bucket < MFACE_HIST_BUCKETS ? bucket : MFACE_HIST_BUCKETS - 1;
}

/* The middle of a bucket. */
static double bucket_us(unsigned bucket)
{
    return ldexp(1.0 + (bucket % 16 + 0.5) / 16, (int)(bucket / 16));
}

void mface_hist_add(struct mface_hist *hist, int64_t us)
{
    mface_counter_add(&hist->n, 1);
    mface_counter_add(&hist->sum_us, us);
    mface_counter_add(&hist->bucket[bucket_of(us)], 1);
}

double mface_hist_quantile_us(const struct mface_hist *hist, double fraction)
{
    const int64_t n = mface_counter_get(&hist->n);
    const double wanted = fraction * (double)n;
    int64_t seen = 0;
    for (unsigned i = 0; i < MFACE_HIST_BUCKETS; i++) {
        seen += mface_counter_get(&hist->bucket[i]);
        if (seen > 0 && (double)seen >= wanted)
            return bucket_us(i);
    }
    return 0;
}
