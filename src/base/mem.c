/* Blocks up to a plane of a frame are kept when they are freed and given out again, because a
 * frame asks for the same ones as the frame before: after the first few nothing is allocated. Sizes
 * are rounded up to classes a quarter of an octave apart, counted in cache lines (1, 2, 3, 4, 5, 6,
 * 7, 8, 10, 12, 14, 16, 20, …), and freed blocks of a class wait in a list of their own. A block's
 * class follows from what the system says it holds, so no block needs a header. */
#include "base/mem.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

enum {
    N_CLASSES = 60,
    KEPT_BLOCK_MAX_BYTES = 4 << 20, // class N_CLASSES - 1; larger ones are not worth holding on to
    KEPT_MAX_BYTES = 48 << 20,      // in all: the frames in flight at 1080p, 10 bits
    MAPPING_SLACK_BYTES = 8192,     // by which the system's largest blocks are larger than asked
};

struct kept {
    struct kept *next;
};

static struct {
    pthread_mutex_t lock;
    struct kept *head;
} classes[N_CLASSES] = { [0 ... N_CLASSES - 1] = { PTHREAD_MUTEX_INITIALIZER, NULL } };
static atomic_size_t kept_bytes;
static atomic_llong n_failures;

/* Tools that watch over freed memory must see it freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool keeps = false;
#else
static const bool keeps = true;
#endif

/* The smallest class that holds so many lines ≥ 1. */
static unsigned class_of(size_t n_lines)
{
    if (n_lines <= 4)
        return (unsigned)n_lines - 1;
    const unsigned octave = 61 - (unsigned)__builtin_clzll(n_lines - 1); // of n - 1: 4..7 is 0
    return 4 * octave + (unsigned)((n_lines - 1) >> octave);
}

static size_t class_bytes(unsigned class)
{
    const size_t n_lines = class < 4 ? class + 1 : (size_t)(5 + class % 4) << (class / 4 - 1);
    return n_lines * MFACE_ALIGN;
}

static void *take_kept(unsigned class)
{
    pthread_mutex_lock(&classes[class].lock);
    struct kept *block = classes[class].head;
    if (block)
        classes[class].head = block->next;
    pthread_mutex_unlock(&classes[class].lock);
    if (block)
        atomic_fetch_sub_explicit(&kept_bytes, class_bytes(class), memory_order_relaxed);
    return block;
}

static bool keep(void *ptr)
{
    const size_t bytes = malloc_usable_size(ptr);
    if (!keeps || bytes < MFACE_ALIGN || bytes > KEPT_BLOCK_MAX_BYTES + MAPPING_SLACK_BYTES ||
        (uintptr_t)ptr % MFACE_ALIGN != 0)
        return false;
    unsigned class = class_of(bytes / MFACE_ALIGN);
    class -= class_bytes(class) > bytes;
    const size_t kept = class_bytes(class);
    if (atomic_fetch_add_explicit(&kept_bytes, kept, memory_order_relaxed) + kept >
        KEPT_MAX_BYTES) {
        atomic_fetch_sub_explicit(&kept_bytes, kept, memory_order_relaxed);
        return false;
    }
    struct kept *block = ptr;
    pthread_mutex_lock(&classes[class].lock);
    block->next = classes[class].head;
    classes[class].head = block;
    pthread_mutex_unlock(&classes[class].lock);
    return true;
}

/* Counts what the system refuses. */
static void *counted(void *ptr)
{
    if (!ptr)
        atomic_fetch_add_explicit(&n_failures, 1, memory_order_relaxed);
    return ptr;
}

int64_t mface_mem_n_failures(void)
{
    return atomic_load_explicit(&n_failures, memory_order_relaxed);
}

void *mface_mem_alloc(size_t size)
{
    if (size > SIZE_MAX - MFACE_ALIGN)
        return counted(NULL);
    const size_t bytes = mface_align_up(size ? size : 1, MFACE_ALIGN);
    if (!keeps || bytes > KEPT_BLOCK_MAX_BYTES)
        return counted(aligned_alloc(MFACE_ALIGN, bytes));
    const unsigned class = class_of(bytes / MFACE_ALIGN);
    void *ptr = take_kept(class);
    return ptr ? ptr : counted(aligned_alloc(MFACE_ALIGN, class_bytes(class)));
}

void *mface_mem_alloc_huge(size_t size)
{
    const size_t whole = size / HUGE_PAGE * HUGE_PAGE;
    if (!whole || size > SIZE_MAX - HUGE_PAGE)
        return mface_mem_alloc(size);
    void *ptr; // aligned_alloc() would want whole huge pages
    if (posix_memalign(&ptr, HUGE_PAGE, mface_align_up(size, MFACE_ALIGN)) != 0)
        return counted(NULL);
    (void)madvise(ptr, whole, MADV_HUGEPAGE); // only a wish
    return ptr;
}

void *mface_mem_calloc(size_t n, size_t size)
{
    size_t total;
    if (!mface_mul_size(n, size, &total))
        return NULL;
    void *ptr = mface_mem_alloc(total);
    if (ptr)
        memset(ptr, 0, total);
    return ptr;
}

char *mface_mem_strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = mface_mem_alloc(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void mface_mem_free(void *ptr)
{
    if (ptr && !keep(ptr))
        free(ptr);
}
