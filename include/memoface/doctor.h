/* What this machine is good for. */
#ifndef MEMOFACE_DOCTOR_H
#define MEMOFACE_DOCTOR_H

#include <memoface/settings.h>
#include <memoface/status.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Prints processors, instruction set, memory and limits, libraries, encoders, face models, cache
 * folder, and which preset fits and why, against what is needed (docs/doctor.md). `settings` say
 * which face models and which folder. *n_missing counts what is essential and not there. Logs
 * only what it cannot print. */
MFACE_API MFACE_NODISCARD enum mface_status mface_doctor_print(
    const struct mface_settings *settings, FILE *file, int as_json, int *n_missing);

#ifdef __cplusplus
}
#endif
#endif
