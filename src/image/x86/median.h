/* The forgetful selection of image/median.c on registers: one function for each type of vector.
 *
 * MFACE_DEFINE_MEDIAN(name, vector, min, max) defines vector name(vector v[25]), lane by lane the
 * median. Every index is a constant once the loops are unrolled, so that v lives in registers. */
#ifndef MFACE_IMAGE_X86_MEDIAN_H
#define MFACE_IMAGE_X86_MEDIAN_H

#define MFACE_DEFINE_MEDIAN(name, vector, min, max)                                                \
    static inline __attribute__((always_inline)) void name##_order(vector *a, vector *b)           \
    {                                                                                              \
        const vector low = min(*a, *b), high = max(*a, *b);                                        \
        *a = low;                                                                                  \
        *b = high;                                                                                 \
    }                                                                                              \
    /* Moves the least of v[first..13] to the front, the greatest to the back. */                  \
    static inline __attribute__((always_inline)) void name##_round(vector *v, int first)           \
    {                                                                                              \
        const int last = 13, n = last - first + 1;                                                 \
        _Pragma("GCC unroll 16") for (int i = 0; i < n / 2; i++)                                   \
            name##_order(&v[first + i], &v[last - i]);                                             \
        _Pragma("GCC unroll 16") for (int i = 1; i < (n + 1) / 2; i++)                             \
        {                                                                                          \
            name##_order(&v[first], &v[first + i]);                                                \
            name##_order(&v[last - i], &v[last]);                                                  \
        }                                                                                          \
    }                                                                                              \
    static inline __attribute__((always_inline)) vector name(vector v[25])                         \
    {                                                                                              \
        _Pragma("GCC unroll 16") for (int first = 0; first < 11; first++)                          \
        {                                                                                          \
            name##_round(v, first);                                                                \
            v[13] = v[14 + first];                                                                 \
        }                                                                                          \
        name##_round(v, 11);                                                                       \
        return v[12];                                                                              \
    }

#endif
