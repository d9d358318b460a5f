/* What a job tells about itself: the report, and the provenance its output carries. */
#ifndef MFACE_PIPELINE_REPORT_H
#define MFACE_PIPELINE_REPORT_H

#include "pipeline/settings.h"
#include "swap/dfm.h"
#include <memoface/session.h>

/* The model as reports name it. */
struct mface_report_model {
    const char *path;
    const struct mface_dfm_info *info;
};

/* docs/report.md. MFACE_ERR_IO, not logged. */
MFACE_NODISCARD enum mface_status mface_report_write(const struct mface_stats *stats,
    const struct mface_settings *settings, const struct mface_report_model *model, FILE *file);

/* Pairs of key and value, NULL at the end, for the container's metadata: the tool, the model's
 * file name and SHA-256, and IPTC's word for what the output is. */
struct mface_provenance {
    const char *metadata[9];
    char text[1536]; // what metadata points into
    char model[1024];
};

void mface_provenance_init(
    struct mface_provenance *provenance, const struct mface_report_model *model);

/* The same, and which piece of its input the output is, as the job's sidecar. Logs on failure;
 * MFACE_ERR_IO. */
MFACE_NODISCARD enum mface_status mface_provenance_write_sidecar(
    const struct mface_job *job, const struct mface_report_model *model);

#endif
