/* kernels: every pixel kernel, at every level, by one table (rows.c).
 *
 *     kernels            tests: each level this CPU has gives what the C code gives, bit for bit
 *     kernels --bench    time of each kernel at each level
 *     kernels --serve    the same on request, for bench/kernels.py
 *
 * Each takes --only NAME. */
#include "bench.h"
#include "check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *only = NULL;
    bool bench = false, serve = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--bench") == 0)
            bench = true;
        else if (strcmp(argv[i], "--serve") == 0)
            serve = true;
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            only = argv[++i];
        else {
            fprintf(stderr, "usage: kernels [--bench|--serve] [--only NAME]\n");
            return 2;
        }
    }
    if (serve)
        return serve_requests();
    return bench ? bench_kernels(only) : check_kernels(only);
}
