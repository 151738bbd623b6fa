/* Memory that starts on a cache line and is kept for the next call. */
#ifndef SKXENT_MEMORY_H
#define SKXENT_MEMORY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#if defined(_WIN32)
#include <malloc.h>
#endif

enum { SKX_LINE = 64 };

static inline void skx_free(void *memory)
{
#if defined(_WIN32)
    _aligned_free(memory ? (char *)memory - SKX_LINE : NULL);
#else
    free(memory ? (char *)memory - SKX_LINE : NULL);
#endif
}

/* Sees to it that the pointer at `memory` has room for `count` things of a size: as it is where it
 * has, else anew, and what was in it is lost. Returns 0 where there is no memory. */
static inline int skx_reserve(void *memory, ptrdiff_t count, size_t size)
{
    size_t bytes = ((size_t)count * size / SKX_LINE + 1) * SKX_LINE;
    char *at;
    void *block = NULL;
    memcpy(&at, memory, sizeof at);
    if (at && *(size_t *)(void *)(at - SKX_LINE) >= bytes)
        return 1;
    skx_free(at);
#if defined(_WIN32)
    block = _aligned_malloc(SKX_LINE + bytes, SKX_LINE);
#else
    if (posix_memalign(&block, SKX_LINE, SKX_LINE + bytes))
        block = NULL;
#endif
    at = block ? (char *)block + SKX_LINE : NULL;
    memcpy(memory, &at, sizeof at);
    if (block)
        *(size_t *)block = bytes;
    return block != NULL;
}

#endif
