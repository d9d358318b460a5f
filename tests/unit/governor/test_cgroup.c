/* The governor in a real memory cgroup (v2): a cache allowed four times what the group may use is
 * filled without the process being killed. Skipped where such a group cannot be made. */
#include "cache/governor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB INT64_C(1048576)
enum { MESON_SKIP = 77, GROUP_MIB = 128, ENTRY_BYTES = 250000 };

static const char group[] = "/sys/fs/cgroup/memoface-test";

static bool put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", group, name);
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    const bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

/* Whether groups below the root may limit memory; elsewhere a folder would be but a folder. */
static bool has_controller(void)
{
    char line[256] = "";
    FILE *file = fopen("/sys/fs/cgroup/cgroup.subtree_control", "r");
    if (!file)
        return false;
    const bool has = fgets(line, sizeof line, file) && strstr(line, "memory");
    fclose(file);
    return has;
}

static bool insert(struct mface_cache *cache, uint64_t n)
{
    const struct mface_key key = { n * 0x9e3779b97f4a7c15u, n };
    enum mface_cache_outcome outcome;
    struct mface_blob *blob;
    if (mface_cache_begin(cache, key, 1, &outcome, &blob) != MFACE_OK)
        return false;
    if (outcome != MFACE_CACHE_LOAD)
        return false;
    if (mface_cache_reserve(cache, key, 1, ENTRY_BYTES, &blob) != MFACE_OK) {
        mface_cache_abort(cache, key, NULL, MFACE_OK);
        return true;
    }
    memset(mface_blob_data_mut(blob), 1, ENTRY_BYTES);
    mface_cache_commit(cache, blob, 10);
    mface_blob_unref(cache, &blob);
    return true;
}

/* 0: the cache shrank and we live. */
static int fill_in_group(void)
{
    char pid[32];
    struct mface_cache *cache;
    struct mface_governor governor;
    const struct mface_cache_params params = { .budget_bytes = 4 * GROUP_MIB * MIB };
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (!put("cgroup.procs", pid))
        return MESON_SKIP;
    if (mface_cache_create(&params, &cache) != MFACE_OK)
        return 1;
    mface_governor_init(
        &governor, cache, params.budget_bytes, mface_pressure_read, (void *)&mface_pressure_system);
    int64_t now_us = 1;
    bool is_ok = true;
    for (uint64_t n = 0; is_ok && n < 8 * GROUP_MIB * MIB / ENTRY_BYTES; n++) {
        is_ok = insert(cache, n);
        if (n % 16 == 0) // 4 MB
            mface_governor_tick(&governor, now_us += MFACE_GOVERNOR_INTERVAL_US);
    }
    is_ok = is_ok && governor.stats.n_shrinks > 0 && governor.limit_bytes < GROUP_MIB * MIB;
    mface_cache_free(&cache);
    return is_ok ? 0 : 1;
}

int main(void)
{
    char limit[32];
    int result = 0;
    snprintf(limit, sizeof limit, "%lld", (long long)(GROUP_MIB * MIB));
    const bool can_make = has_controller() && (mkdir(group, 0755) == 0 || errno == EEXIST);
    if (!can_make || !put("memory.max", limit)) {
        printf("skipped: no memory cgroup (v2) can be made here\n");
        if (can_make)
            rmdir(group);
        return MESON_SKIP;
    }
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0)
        _exit(fill_in_group());
    if (child < 0 || waitpid(child, &result, 0) != child)
        result = 1;
    rmdir(group);
    if (WIFEXITED(result))
        return WEXITSTATUS(result);
    printf("killed by signal %d\n", WTERMSIG(result));
    return 1;
}
