/* `memoface cache`: what lies in a cache folder, by stage, and whether it is sound. */
#include <memoface/disk.h>

#include "base/log.h"
#include "cache/disk_admin.h"
#include "pipeline/json.h"
#include "pipeline/stages.h"

#include <time.h>

static double hours_since(uint64_t us)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return us ? ((double)now.tv_sec - (double)us / 1e6) / 3600 : 0;
}

static void print_text(FILE *file, const struct disk_survey *survey)
{
    fprintf(file, "%s: %lld entries, %.1f MB in %lld segments", survey->path,
        (long long)survey->n_entries, (double)survey->bytes / 1048576,
        (long long)survey->n_segments);
    if (survey->n_unsealed)
        fprintf(file, " (%lld not finished)", (long long)survey->n_unsealed);
    fputc('\n', file);
    for (int i = 0; i < MFACE_N_STAGES; i++)
        if (survey->classes[i].n_entries)
            fprintf(file, "  %-8s %9lld entries %10.1f MB\n",
                mface_stage_get((enum mface_stage)i)->name, (long long)survey->classes[i].n_entries,
                (double)survey->classes[i].bytes / 1048576);
    if (survey->n_segments)
        fprintf(file, "  oldest segment %.1f hours, newest %.1f hours old\n",
            hours_since(survey->oldest_us), hours_since(survey->newest_us));
}

static void print_json(FILE *file, const struct disk_survey *survey)
{
    struct mface_json json = { .file = file };
    mface_json_open_object(&json, NULL);
    mface_json_add_str(&json, "path", survey->path);
    mface_json_add_int(&json, "entries", survey->n_entries);
    mface_json_add_int(&json, "bytes", survey->bytes);
    mface_json_add_int(&json, "segments", survey->n_segments);
    mface_json_add_int(&json, "segments_unsealed", survey->n_unsealed);
    mface_json_add_float(&json, "oldest_hours", hours_since(survey->oldest_us));
    mface_json_add_float(&json, "newest_hours", hours_since(survey->newest_us));
    mface_json_open_object(&json, "stages");
    for (int i = 0; i < MFACE_N_STAGES; i++) {
        if (!survey->classes[i].n_entries)
            continue;
        mface_json_open_object(&json, mface_stage_get((enum mface_stage)i)->name);
        mface_json_add_int(&json, "entries", survey->classes[i].n_entries);
        mface_json_add_int(&json, "bytes", survey->classes[i].bytes);
        mface_json_close_object(&json);
    }
    mface_json_close_object(&json);
    mface_json_close_object(&json);
}

enum mface_status mface_cache_folder_print(const char *dir, FILE *file, int as_json)
{
    struct disk_survey survey;
    MFACE_TRY(disk_survey_take(dir, &survey));
    if (as_json)
        print_json(file, &survey);
    else
        print_text(file, &survey);
    return MFACE_OK;
}

struct listing {
    FILE *file;
    struct mface_json json;
    bool as_json;
};

static void list_damage(void *user, const char *name, uint64_t offset, const char *what)
{
    struct listing *listing = user;
    if (!listing->as_json) {
        fprintf(listing->file, "%s at byte %llu: %s\n", name, (unsigned long long)offset, what);
        return;
    }
    mface_json_open_object(&listing->json, NULL);
    mface_json_add_str(&listing->json, "file", name);
    mface_json_add_int(&listing->json, "offset", (int64_t)offset);
    mface_json_add_str(&listing->json, "what", what);
    mface_json_close_object(&listing->json);
}

static void print_verdict(struct listing *listing, const struct disk_verdict *verdict)
{
    if (listing->as_json) {
        mface_json_close_array(&listing->json);
        mface_json_add_int(&listing->json, "records", verdict->n_records);
        mface_json_add_int(&listing->json, "sound", verdict->n_sound);
        mface_json_add_int(&listing->json, "damaged", verdict->n_damaged);
        mface_json_add_int(&listing->json, "segments_unfinished", verdict->n_unfinished);
        mface_json_close_object(&listing->json);
        return;
    }
    fprintf(listing->file, "%lld of %lld records sound, %lld damaged places",
        (long long)verdict->n_sound, (long long)verdict->n_records, (long long)verdict->n_damaged);
    if (verdict->n_unfinished)
        fprintf(listing->file,
            "; %lld segments end within a record, as a run that was stopped leaves "
            "them",
            (long long)verdict->n_unfinished);
    fputc('\n', listing->file);
}

enum mface_status mface_cache_folder_verify(
    const char *dir, FILE *file, int as_json, int64_t *n_damaged)
{
    struct listing listing = { .file = file, .json = { .file = file }, .as_json = as_json };
    struct disk_verdict verdict;
    if (as_json) {
        mface_json_open_object(&listing.json, NULL);
        mface_json_open_array(&listing.json, "damage");
    }
    const enum mface_status status = disk_verify(dir, list_damage, &listing, &verdict);
    print_verdict(&listing, &verdict);
    *n_damaged = verdict.n_damaged;
    return status;
}
