/* Whoever watches a running job. The dashboard is started beside it, fed by its progress and gone
 * with it; an advisor looks at each job's figures before anybody else sees them; keys are read as
 * often as progress is shown. */
#include "cli.h"
#include "terminal.h"

#include <stdio.h>

enum mface_status watch_start(struct watch *watch, struct mface_session *session)
{
    const struct mface_dashboard_params params = {
        .session = session,
        .address = watch->address,
        .token = watch->token,
    };
    watch->session = session;
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

static enum mface_status patch(void *user, const char *const *pairs)
{
    return mface_session_patch(user, pairs, NULL, NULL);
}

void watch_begin(struct watch *watch, enum monitor_mode mode)
{
    const struct mface_advisor_params params = { .patch = patch, .user = watch->session };
    progress_init(&watch->progress, mode);
    watch->progress.has_keys = watch->keys && terminal_begin();
    watch->insight = (struct mface_insight) { 0 };
    if (mface_advisor_create(&params, &watch->advisor) != MFACE_OK)
        watch->advisor = NULL; // said by now; the job does not depend on it
}

static void advise(struct watch *watch, struct mface_stats *stats, int done)
{
    struct mface_settings *settings;
    if (!watch->advisor || mface_session_get_settings(watch->session, &settings) != MFACE_OK)
        return;
    mface_advisor_look(watch->advisor, stats, settings, done);
    watch->insight = stats->insight;
    mface_settings_free(&settings);
}

void watch_show(void *arg, const struct mface_stats *stats, int done)
{
    struct watch *watch = arg;
    struct mface_stats advised = *stats;
    keys_obey(watch);
    advise(watch, &advised, done);
    if (watch->dashboard)
        mface_dashboard_publish(watch->dashboard, &advised);
    progress_show(&watch->progress, &advised, done);
}

void watch_end(struct watch *watch)
{
    terminal_end();
    mface_advisor_free(&watch->advisor);
}

void watch_stop(struct watch *watch)
{
    mface_dashboard_stop(&watch->dashboard);
}
