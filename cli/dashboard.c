/* The dashboard of a running job: started beside it, fed by its progress, gone with it. */
#include "cli.h"

#include <stdio.h>

enum mface_status watch_start(struct watch *watch, struct mface_session *session)
{
    const struct mface_dashboard_params params = {
        .session = session,
        .address = watch->address,
        .token = watch->token,
    };
    if (!watch->address) {
        if (!watch->token)
            return MFACE_OK;
        fprintf(stderr, "memoface swap: --dashboard-token needs --dashboard\n");
        return MFACE_ERR_ARG;
    }
    const enum mface_status status = mface_dashboard_start(&params, &watch->dashboard);
    if (status == MFACE_OK) // even when quiet: nobody could find it otherwise
        fprintf(stderr, "Dashboard: %s\n", mface_dashboard_url(watch->dashboard));
    return status;
}

void watch_show(void *arg, const struct mface_stats *stats, int done)
{
    struct watch *watch = arg;
    if (watch->dashboard)
        mface_dashboard_publish(watch->dashboard, stats, NULL, 0);
    progress_show(&watch->progress, stats, done);
}

void watch_stop(struct watch *watch)
{
    mface_dashboard_stop(&watch->dashboard);
}
