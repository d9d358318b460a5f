#include "study/pass.h"

#include "base/cpu.h"
#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_stages(struct mface_pass *pass, const struct mface_stats *stats)
{
    pass->n_stages = stats->n_stages;
    for (int i = 0; i < stats->n_stages; i++) {
        const struct mface_stage_stats *stage = &stats->stages[i];
        struct mface_stage_stats *sum = &pass->stages[i];
        sum->name = stage->name;
        sum->demands += stage->demands;
        sum->hits += stage->hits;
        sum->runs += stage->runs;
        sum->ms_total += stage->ms_total;
        sum->bytes = stage->bytes;
        if (strcmp(stage->name, "decode") != 0 && strcmp(stage->name, "encode") != 0)
            pass->stage_ms += stage->ms_total;
    }
}

void mface_pass_add(struct mface_pass *pass, const struct mface_stats *stats)
{
    pass->frames += stats->frames;
    pass->faces += stats->faces;
    pass->face_demands += stats->face_demands;
    pass->face_hits += stats->face_hits;
    pass->wall_s += stats->wall_s;
    pass->cpu_s += stats->cpu_s;
    pass->open_s += stats->open_s;
    pass->open_cpu_s += stats->open_cpu_s;
    pass->inserts += stats->cache.inserts;
    pass->evictions += stats->cache.evictions;
    pass->saved_ms += (double)stats->cache.saved_us / 1000;
    pass->cache_bytes = stats->cache.used_bytes;
    pass->cache_limit_bytes = stats->cache.limit_bytes;
    add_stages(pass, stats);
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

double mface_pass_fps(const struct mface_pass *pass)
{
    return ratio((double)pass->frames, pass->wall_s);
}

double mface_pass_cpu_ms(const struct mface_pass *pass)
{
    return ratio(1000 * pass->cpu_s, (double)pass->frames);
}

double mface_pass_stage_ms(const struct mface_pass *pass)
{
    return ratio(pass->stage_ms, (double)pass->frames);
}

double mface_pass_hit_rate(const struct mface_pass *pass)
{
    return ratio((double)pass->face_hits, (double)pass->face_demands);
}

double mface_pass_eviction_rate(const struct mface_pass *pass)
{
    return ratio((double)pass->evictions, (double)pass->inserts);
}

double mface_pass_memory_use(const struct mface_pass *pass)
{
    return ratio((double)pass->cache_bytes, (double)pass->cache_limit_bytes);
}

double mface_pass_others_share(const struct mface_pass *pass)
{
    const double share = ratio(pass->others_s, pass->wall_s * mface_machine_processors());
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

const struct mface_stage_stats *mface_pass_stage(const struct mface_pass *pass, const char *name)
{
    for (int i = 0; i < pass->n_stages; i++)
        if (strcmp(pass->stages[i].name, name) == 0)
            return &pass->stages[i];
    return NULL;
}

/* Adds a listing of checksums to the digest. The picture is stream 0; of the others, how much was
 * read when a part of the input ends depends on how far the decoder's threads work ahead. */
static enum mface_status add_digest(struct mface_key *digest, const char *path)
{
    struct mface_hasher hasher;
    char line[512];
    FILE *file = fopen(path, "re");
    if (!file)
        return mface_fail(MFACE_ERR_IO, "%s: %s", path, strerror(errno));
    mface_hasher_init(&hasher);
    mface_hasher_add_key(&hasher, *digest);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "0,", 2) == 0)
            mface_hasher_add_str(&hasher, line);
    fclose(file);
    *digest = mface_hasher_finish(&hasher);
    return MFACE_OK;
}

static int64_t others_us(void)
{
    return mface_machine_busy_us() - mface_cpu_time_us();
}

enum mface_status mface_pass_play(
    struct mface_pass *pass, struct mface_session *session, const struct mface_job *job)
{
    struct mface_stats stats;
    const int64_t before_us = others_us();
    MFACE_TRY(mface_session_run(session, job, &stats));
    pass->others_s += (double)(others_us() - before_us) / 1e6;
    mface_pass_add(pass, &stats);
    pass->rss_bytes = mface_rss_bytes();
    return MFACE_OK;
}

enum mface_status mface_pass_run(struct mface_pass *pass, struct mface_session *session,
    const struct mface_job *job, const char *folder)
{
    char path[MFACE_PASS_FOLDER_BYTES + 16];
    struct mface_job own = *job;
    snprintf(path, sizeof path, "%s/frames.crc", folder);
    own.output = path;
    own.output_format = "framecrc";
    own.encoder = "rawvideo";
    own.pixel_format = own.speed = "";
    own.quality = -1;
    own.overwrite = own.no_provenance = 1;
    MFACE_TRY(mface_pass_play(pass, session, &own));
    return add_digest(&pass->digest, path);
}

enum mface_status mface_pass_make_folder(char folder[MFACE_PASS_FOLDER_BYTES])
{
    const char *root = getenv("TMPDIR");
    const int length = snprintf(
        folder, MFACE_PASS_FOLDER_BYTES, "%s/memoface-XXXXXX", root && root[0] ? root : "/tmp");
    if (length >= MFACE_PASS_FOLDER_BYTES || !mkdtemp(folder))
        return mface_fail(MFACE_ERR_IO, "no temporary folder can be made: %s",
            length >= MFACE_PASS_FOLDER_BYTES ? "TMPDIR is too long" : strerror(errno));
    return MFACE_OK;
}

void mface_pass_remove_folder(const char *folder)
{
    char path[MFACE_PASS_FOLDER_BYTES + 16];
    snprintf(path, sizeof path, "%s/frames.crc", folder);
    unlink(path);
    rmdir(folder);
}
