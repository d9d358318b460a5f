/* The part of the report that says what the figures mean. */
#ifndef MFACE_PIPELINE_REPORT_INSIGHT_H
#define MFACE_PIPELINE_REPORT_INSIGHT_H

#include "pipeline/json.h"
#include <memoface/insight.h>

/* `advice`, `note`, `tuned` and `indicators` of the object that is open. */
void mface_report_add_insight(struct mface_json *json, const struct mface_insight *insight);

#endif
