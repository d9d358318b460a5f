/* The dashboard: a page, an API and metrics over HTTP for a session while it runs (docs/api.md).
 *
 * It serves what is published to it and changes settings through memoface/control.h. Its threads
 * never touch the job: a client that is slow, dead or many costs the job nothing. */
#ifndef MEMOFACE_DASHBOARD_H
#define MEMOFACE_DASHBOARD_H

#include <memoface/session.h>
#include <memoface/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mface_dashboard; // opaque; thread-safe

struct mface_dashboard_params {
    struct mface_session *session; // borrowed until the dashboard is stopped
    /* "ADDR:PORT", "[ADDR]:PORT", "ADDR" or ":PORT"; port 0 takes a free one. NULL or "":
     * 127.0.0.1:7878, or a free port if that is taken. */
    const char *address;
    /* What clients must know: 8 to 64 letters, digits, '-' or '_'. NULL: nothing on a loopback
     * address; anywhere else one is made up. */
    const char *token;
};

/* Logs on failure. MFACE_ERR_ARG: address or token; MFACE_ERR_IO: the address is taken or not
 * ours; MFACE_ERR_NOMEM. */
MFACE_API MFACE_NODISCARD enum mface_status mface_dashboard_start(
    const struct mface_dashboard_params *params, struct mface_dashboard **out);

/* Ends every connection; nulls. NULL inside is accepted. */
MFACE_API void mface_dashboard_stop(struct mface_dashboard **dashboard);

/* Where the page is, with the token if there is one. Owned by the dashboard. */
MFACE_API const char *mface_dashboard_url(const struct mface_dashboard *dashboard);

/* What clients see from now on, the advice in it included; copied. Meant to be called two to four
 * times a second, from mface_job.progress. */
MFACE_API void mface_dashboard_publish(
    struct mface_dashboard *dashboard, const struct mface_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
