/* Statistics as JSON: the report of the job so far (docs/report.md), and what only makes sense
 * while it runs. */
#include "serve/json_text.h"
#include "serve/route.h"

#include <stdio.h>
#include <stdlib.h>

/* The report itself, so that the fields cannot drift apart. */
static json_t *report_json(const struct mface_source *source, const struct mface_stats *stats)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    if (!file)
        return NULL;
    const enum mface_status status = source->write_report(source->user, stats, file);
    fclose(file);
    json_t *root = status == MFACE_OK && text ? json_loadb(text, bytes, 0, NULL) : NULL;
    free(text);
    return root;
}

static json_t *recent_json(const struct mface_recent *recent)
{
    return json_pack("{s:f, s:f, s:f, s:f}", "fps", recent->fps, "cpu_percent", recent->cpu_percent,
        "hit_rate", recent->hit_rate, "evictions_per_s", recent->evictions_per_s);
}

char *mface_stats_text(const struct mface_source *source, const struct mface_snapshot *snapshot)
{
    struct mface_control_state state;
    json_t *root = report_json(source, &snapshot->stats);
    if (!root)
        return NULL;
    source->get_control(source->user, &state);
    json_object_set_new(root, "sequence", json_integer(snapshot->sequence));
    json_object_set_new(root, "frames_total", json_integer(snapshot->stats.frames_total));
    json_object_set_new(root, "frames_in_flight", json_integer(snapshot->stats.frames_in_flight));
    json_object_set_new(root, "paused", json_boolean(state.is_paused));
    json_object_set_new(root, "recent", recent_json(&snapshot->recent));
    return mface_json_text(root, JSON_COMPACT | JSON_REAL_PRECISION(12));
}
