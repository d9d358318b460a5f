#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

void *mface_mem_alloc(size_t size)
{
    if (size > SIZE_MAX - MFACE_ALIGN)
        return NULL;
    return aligned_alloc(MFACE_ALIGN, mface_align_up(size ? size : 1, MFACE_ALIGN));
}

void *mface_mem_alloc_huge(size_t size)
{
    const size_t whole = size / HUGE_PAGE * HUGE_PAGE;
    if (!whole || size > SIZE_MAX - HUGE_PAGE)
        return mface_mem_alloc(size);
    void *ptr; // aligned_alloc() would want whole huge pages
    if (posix_memalign(&ptr, HUGE_PAGE, mface_align_up(size, MFACE_ALIGN)) != 0)
        return NULL;
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
    free(ptr);
}
