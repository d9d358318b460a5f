/* The public face of the dashboard: where it listens, who may come, what is published. */
#include <memoface/dashboard.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "serve/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HISTORY = 12 }; // about three seconds

struct mface_dashboard {
    struct mface_server server;
    char url[160];
    struct mface_stats history[HISTORY]; // a ring; of the publishing thread
    int64_t n_published;
};

static bool read_address(const char *text, struct mface_address *address)
{
    const bool ok = mface_address_parse(text ? text : "", address);
    if (!ok)
        (void)mface_fail(MFACE_ERR_ARG,
            "dashboard: '%s' is no address; give ADDR:PORT, as in 127.0.0.1:7878", text);
    return ok;
}

static enum mface_status choose_token(
    struct mface_guard *guard, const struct mface_dashboard_params *params)
{
    if (params->token && !mface_token_is_valid(params->token))
        return mface_fail(
            MFACE_ERR_ARG, "dashboard: a token is 8 to 64 letters, digits, '-' or '_'");
    if (params->token)
        memcpy(guard->token, params->token, strlen(params->token) + 1);
    else if (!guard->is_loopback && !mface_token_make(guard->token))
        return mface_fail(MFACE_ERR_INTERNAL, "dashboard: the system has no random numbers");
    return MFACE_OK;
}

/* The default port gives way where it is taken; one that was asked for does not. */
static enum mface_status start_server(
    struct mface_dashboard *dashboard, const char *text, struct mface_address *address)
{
    struct mface_server *server = &dashboard->server;
    const bool is_default = !text || !text[0];
    enum mface_status status = mface_server_start(server, address);
    if (status == MFACE_ERR_IO && is_default) {
        mface_address_set_port(address, 0);
        status = mface_server_start(server, address);
    }
    if (status == MFACE_OK)
        return MFACE_OK;
    const int error = errno;
    char where[64];
    mface_address_print(address, where, sizeof where);
    return mface_fail(
        status, "dashboard: cannot listen at %s: %s", where, error ? strerror(error) : "refused");
}

/* Cookies know hosts, not ports: the name tells the tokens of several dashboards apart. */
static void name_cookie(struct mface_guard *guard)
{
    const struct mface_key key = mface_key_from_bytes(guard->token, strlen(guard->token));
    snprintf(guard->cookie, sizeof guard->cookie, "memoface-%08x", (unsigned)key.lo);
}

static void print_url(struct mface_dashboard *dashboard, const struct mface_address *address)
{
    const struct mface_guard *guard = &dashboard->server.guard;
    char where[64];
    mface_address_print(address, where, sizeof where);
    snprintf(dashboard->url, sizeof dashboard->url, "http://%s/%s%s", where,
        guard->token[0] ? "?token=" : "", guard->token);
}

static enum mface_status start(struct mface_dashboard *dashboard,
    const struct mface_dashboard_params *params, struct mface_address *address)
{
    struct mface_guard *guard = &dashboard->server.guard;
    guard->is_loopback = address->is_loopback;
    if (gethostname(guard->hostname, sizeof guard->hostname - 1) != 0)
        guard->hostname[0] = '\0';
    MFACE_TRY(choose_token(guard, params));
    dashboard->server.source = mface_source_of_session(params->session);
    name_cookie(guard);
    MFACE_TRY(start_server(dashboard, params->address, address));
    print_url(dashboard, address);
    return MFACE_OK;
}

enum mface_status mface_dashboard_start(
    const struct mface_dashboard_params *params, struct mface_dashboard **out)
{
    struct mface_address address;
    *out = NULL;
    if (!read_address(params->address, &address))
        return MFACE_ERR_ARG;
    struct mface_dashboard *dashboard = mface_mem_calloc(1, sizeof *dashboard);
    if (!dashboard)
        return mface_fail_nomem("dashboard");
    const enum mface_status status = start(dashboard, params, &address);
    if (status != MFACE_OK)
        mface_mem_free(dashboard);
    else
        *out = dashboard;
    return status;
}

void mface_dashboard_stop(struct mface_dashboard **dashboard)
{
    if (!*dashboard)
        return;
    mface_server_stop(&(*dashboard)->server);
    mface_mem_free(*dashboard);
    *dashboard = NULL;
}

const char *mface_dashboard_url(const struct mface_dashboard *dashboard)
{
    return dashboard->url;
}

static double rate(double part, double whole)
{
    return whole > 0 && part > 0 ? part / whole : 0;
}

/* From the oldest of the last few snapshots to the newest. */
static struct mface_recent recent_of(
    struct mface_dashboard *dashboard, const struct mface_stats *now)
{
    const int64_t n = dashboard->n_published++;
    struct mface_stats zero = { 0 };
    const struct mface_stats *then = n >= HISTORY ? &dashboard->history[n % HISTORY]
                                     : n > 0      ? &dashboard->history[0]
                                                  : &zero;
    const double seconds = now->wall_s - then->wall_s;
    const struct mface_recent recent = {
        .fps = rate((double)(now->frames - then->frames), seconds),
        .cpu_percent = rate(100 * (now->cpu_s - then->cpu_s), seconds * mface_cpu_count()),
        .hit_rate = rate((double)(now->face_hits - then->face_hits),
            (double)(now->face_demands - then->face_demands)),
        .evictions_per_s = rate((double)(now->cache.evictions - then->cache.evictions), seconds),
    };
    dashboard->history[n % HISTORY] = *now;
    return recent;
}

void mface_dashboard_publish(struct mface_dashboard *dashboard, const struct mface_stats *stats)
{
    struct mface_server *server = &dashboard->server;
    const struct mface_recent recent = recent_of(dashboard, stats);
    pthread_mutex_lock(&server->lock);
    server->snapshot.sequence++;
    server->snapshot.stats = *stats;
    server->snapshot.recent = recent;
    mface_events_wake(server);
    pthread_mutex_unlock(&server->lock);
}
