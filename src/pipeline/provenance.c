/* Every output says that it was made by a model: IPTC's digital source type is the word that
 * viewers and platforms look for. Containers differ in the keys they keep, so the whole is also one
 * sentence under `comment`, which nearly all of them do. */
#include "base/log.h"
#include "pipeline/json.h"
#include "pipeline/report.h"

#include <errno.h>
#include <string.h>

static const char source_type[] = "http://cv.iptc.org/newscodes/digitalsourcetype/"
                                  "compositeWithTrainedAlgorithmicMedia";

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void mface_provenance_init(
    struct mface_provenance *provenance, const struct mface_report_model *model)
{
    memset(provenance, 0, sizeof *provenance);
    snprintf(provenance->model, sizeof provenance->model, "%s sha256:%s", file_name(model->path),
        model->info->sha256);
    snprintf(provenance->text, sizeof provenance->text,
        "Faces swapped by memoface %s with %s; digital source type %s", mface_version(),
        provenance->model, source_type);
    const char *const pairs[] = { "comment", provenance->text, "memoface_version", mface_version(),
        "memoface_model", provenance->model, "digital_source_type", source_type, NULL };
    _Static_assert(sizeof pairs == sizeof provenance->metadata, "every pair has its place");
    memcpy(provenance->metadata, pairs, sizeof pairs);
}

static enum mface_status fail_sidecar(const char *path)
{
    return mface_fail(MFACE_ERR_IO, "%s: cannot write: %s", path, strerror(errno));
}

enum mface_status mface_provenance_write_sidecar(
    const struct mface_job *job, const struct mface_report_model *model)
{
    FILE *file = fopen(job->sidecar, "we");
    if (!file)
        return fail_sidecar(job->sidecar);
    struct mface_json json = { .file = file };
    mface_json_open_object(&json, NULL);
    mface_json_add_str(&json, "output", file_name(job->output));
    mface_json_add_piece(&json, job->start_s, job->end_s);
    mface_json_add_str(&json, "tool", "memoface");
    mface_json_add_str(&json, "version", mface_version());
    mface_json_open_object(&json, "model");
    mface_json_add_str(&json, "file", file_name(model->path));
    mface_json_add_str(&json, "sha256", model->info->sha256);
    mface_json_close_object(&json);
    mface_json_add_str(&json, "digital_source_type", source_type);
    mface_json_close_object(&json);
    const bool failed = ferror(file) != 0;
    return fclose(file) != 0 || failed ? fail_sidecar(job->sidecar) : MFACE_OK;
}
