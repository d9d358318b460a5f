/* The disk side of demands: which results are worth keeping there, and what they depend on beside
 * their keys. */
#ifndef MFACE_PIPELINE_SPILL_H
#define MFACE_PIPELINE_SPILL_H

#include "pipeline/stages.h"

#include <stdint.h>

/* Whether results of the stage may lie on disk at all. */
bool mface_spill_reads(enum mface_stage stage);

/* Whether one that took cost_us to compute is worth writing. */
bool mface_spill_writes(enum mface_stage stage, int64_t cost_us, size_t size);

/* Results of another version of memoface or oneDNN, or of another instruction set, may differ in
 * bits and are not ours: mixed into every key on disk. */
struct mface_key mface_spill_realm(void);

#endif
