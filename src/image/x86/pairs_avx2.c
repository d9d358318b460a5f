/* Sums over pairs of neighbours in a row, eight pairs at a time. */
#include "image/kernel_table.h"

#include <immintrin.h>

/* Eight pairs of floats, the first of each and the second. */
struct pairs {
    __m256 first, second;
};

static inline __m256 in_order(__m256 v)
{
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(v), _MM_SHUFFLE(3, 1, 2, 0)));
}

static inline struct pairs split(__m256 low, __m256 high)
{
    return (struct pairs) { in_order(_mm256_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0))),
        in_order(_mm256_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1))) };
}

static inline void add(float *sums, struct pairs pairs)
{
    const __m256 sum = _mm256_add_ps(_mm256_loadu_ps(sums), pairs.first);
    _mm256_storeu_ps(sums, _mm256_add_ps(sum, pairs.second));
}

static inline struct pairs load(const float *from, __m256 low, __m256 high)
{
    return split(
        _mm256_and_ps(_mm256_loadu_ps(from), low), _mm256_and_ps(_mm256_loadu_ps(from + 8), high));
}

static inline void add_one(float *sum, const float *from, bool first, bool second)
{
    *sum = (*sum + (first ? from[0] : 0)) + (second ? from[1] : 0);
}

static void add_chroma_pairs(int n, const float *pb, const float *pr, const float *mask,
    float *pb_sums, float *pr_sums, float *n_written)
{
    const __m256 zero = _mm256_setzero_ps(), one = _mm256_set1_ps(1.0f);
    const float ones[2] = { 1.0f, 1.0f };
    int i = 0;
    for (; i + 8 <= n; i += 8) {
        const __m256 low = _mm256_cmp_ps(_mm256_loadu_ps(mask + 2 * i), zero, _CMP_GT_OQ);
        const __m256 high = _mm256_cmp_ps(_mm256_loadu_ps(mask + 2 * i + 8), zero, _CMP_GT_OQ);
        add(pb_sums + i, load(pb + 2 * i, low, high));
        add(pr_sums + i, load(pr + 2 * i, low, high));
        add(n_written + i, split(_mm256_and_ps(one, low), _mm256_and_ps(one, high)));
    }
    for (; i < n; i++) {
        const bool first = mask[2 * i] > 0, second = mask[2 * i + 1] > 0;
        add_one(&pb_sums[i], pb + 2 * i, first, second);
        add_one(&pr_sums[i], pr + 2 * i, first, second);
        add_one(&n_written[i], ones, first, second);
    }
}

void mface_pairs_fill_avx2(struct mface_kernel_table *table)
{
    table->strip.add_chroma_pairs = add_chroma_pairs;
}
