/* The advisor watches a job:
 *
 *   look ─► once a second: rates of the last marks ─► judge each trouble ─► two looks in a row
 * beyond its mark: raised; three calm ones: cleared ─► words; and, with auto-tune, one step end ──►
 * rates of the whole job ─► judge ─► words and indicators
 *
 * A step is followed by five seconds in which its effect may show. A setting that the user changes
 * after a step is theirs from then on: a cache size becomes the new limit, anything else is left
 * alone. */
#include "monitor/advice.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { RAISE_LOOKS = 2, CLEAR_LOOKS = 3, N_TUNABLE = 4 };

static const double look_interval_s = 0.9, step_interval_s = 5;

static const char *const tunable[N_TUNABLE] = { "cache-size", "pre-cache", "parallel",
    "detect-every" };

/* A setting we may change. */
struct knob {
    char seen[MFACE_VALUE_BYTES]; // at the last look, or as we set it then
    bool is_ours;                 // we have changed it
    bool is_theirs;               // the user has, after that
};

struct mface_advisor {
    struct mface_advisor_params params;
    struct mface_monitor monitor;
    bool has_looked, has_stepped;
    double look_s, step_s; // when
    double memory_sum, memory_peak;
    int64_t n_looks;
    int64_t first_shrinks, first_version, n_own_changes;
    int64_t user_bytes;
    struct knob knobs[N_TUNABLE];
    int n_over[MFACE_N_TROUBLES], n_calm[MFACE_N_TROUBLES]; // looks in a row
    bool raised[MFACE_N_TROUBLES];
    struct mface_insight insight;
};

enum mface_status mface_advisor_create(
    const struct mface_advisor_params *params, struct mface_advisor **out)
{
    struct mface_advisor *advisor = mface_mem_calloc(1, sizeof *advisor);
    *out = advisor;
    if (!advisor)
        return mface_fail_nomem("advisor");
    advisor->params = *params;
    return MFACE_OK;
}

void mface_advisor_free(struct mface_advisor **advisor)
{
    mface_mem_free(*advisor);
    *advisor = NULL;
}

/* What the user wants */

static void watch_knobs(struct mface_advisor *advisor, const struct mface_case *about)
{
    for (int i = 0; i < N_TUNABLE; i++) {
        struct knob *knob = &advisor->knobs[i];
        char now[MFACE_VALUE_BYTES];
        mface_case_value(about, tunable[i], now);
        const bool is_changed = strcmp(now, knob->seen) != 0;
        if (is_changed && i == 0)
            advisor->user_bytes = mface_case_bytes(about, "cache-size");
        knob->is_theirs |= is_changed && knob->is_ours;
        memcpy(knob->seen, now, sizeof now);
    }
}

static struct knob *knob_of(struct mface_advisor *advisor, const char *setting)
{
    int i = 0;
    while (strcmp(tunable[i], setting) != 0)
        i++;
    return &advisor->knobs[i];
}

/* A cache size is a limit, within which we go on; a switch says what is wanted. */
static bool may_turn(const struct mface_advisor *advisor, const struct knob *knob)
{
    return knob == &advisor->knobs[0] || !knob->is_theirs;
}

/* The case */

static struct mface_case case_of(struct mface_advisor *advisor, const struct mface_stats *stats,
    const struct mface_settings *settings)
{
    struct mface_case about = {
        .stats = stats,
        .settings = settings,
        .memory_used = stats->governor.memory_used,
        .settings_changed =
            stats->settings_version > advisor->first_version + advisor->n_own_changes,
    };
    watch_knobs(advisor, &about);
    const int64_t most = mface_case_bytes(&about, "auto-tune-cache-max");
    about.user_bytes = advisor->user_bytes;
    about.max_bytes = most > about.user_bytes ? most : about.user_bytes;
    return about;
}

/* Memory of a whole job is its mean; where the governor had to act it is the most there was. */
static double memory_of_job(const struct mface_advisor *advisor, const struct mface_stats *stats)
{
    if (advisor->n_looks == 0)
        return stats->governor.memory_used;
    return stats->governor.n_shrinks > advisor->first_shrinks
               ? advisor->memory_peak
               : advisor->memory_sum / (double)advisor->n_looks;
}

/* Steps */

static void remember(struct mface_advisor *advisor, const struct mface_step *step,
    const struct knob *knob, double wall_s)
{
    struct mface_insight *insight = &advisor->insight;
    const int64_t n = insight->n_tuned++;
    mface_log(MFACE_LOG_INFO, "auto-tune: %s %s -> %s (%s)", step->setting, knob->seen, step->to,
        step->why);
    if (n >= MFACE_TUNED_MAX)
        return;
    struct mface_tuned *tuned = &insight->tuned[n];
    *tuned = (struct mface_tuned) { .wall_s = wall_s, .setting = step->setting, .why = step->why };
    memcpy(tuned->from, knob->seen, sizeof tuned->from);
    memcpy(tuned->to, step->to, sizeof tuned->to);
}

static void take_step(struct mface_advisor *advisor, const struct mface_case *about)
{
    struct mface_step step;
    const double now_s = about->stats->wall_s;
    const bool is_due = !advisor->has_stepped || now_s - advisor->step_s >= step_interval_s;
    if (!advisor->params.patch || !is_due || !mface_case_is(about, "auto-tune", "on") ||
        !mface_step_choose(advisor->raised, about, &step))
        return;
    struct knob *knob = knob_of(advisor, step.setting);
    const char *const pairs[] = { step.setting, step.to, NULL };
    if (!may_turn(advisor, knob) || advisor->params.patch(advisor->params.user, pairs) != MFACE_OK)
        return;
    remember(advisor, &step, knob, now_s);
    memcpy(knob->seen, step.to, sizeof knob->seen);
    knob->is_ours = true;
    advisor->n_own_changes++;
    advisor->has_stepped = true;
    advisor->step_s = now_s;
}

/* Looks */

static void count_looks(struct mface_advisor *advisor, const struct mface_case *about)
{
    for (int i = 0; i < MFACE_N_TROUBLES; i++) {
        const enum mface_verdict verdict = mface_trouble_judge((enum mface_trouble)i, about);
        advisor->n_over[i] = verdict == MFACE_VERDICT_TROUBLE ? advisor->n_over[i] + 1 : 0;
        advisor->n_calm[i] = verdict == MFACE_VERDICT_CALM ? advisor->n_calm[i] + 1 : 0;
        if (advisor->n_over[i] >= RAISE_LOOKS)
            advisor->raised[i] = true;
        else if (advisor->n_calm[i] >= CLEAR_LOOKS)
            advisor->raised[i] = false;
    }
    mface_troubles_settle(advisor->raised);
}

static void write_advice(struct mface_insight *insight, const bool troubles[MFACE_N_TROUBLES],
    const struct mface_case *about)
{
    insight->n_advice = 0;
    for (int i = 0; i < MFACE_N_TROUBLES; i++)
        if (troubles[i])
            mface_advice_write((enum mface_trouble)i, about, &insight->advice[insight->n_advice++]);
    mface_advice_note(about, insight->note, sizeof insight->note);
}

static void look_once(struct mface_advisor *advisor, const struct mface_stats *stats,
    const struct mface_settings *settings)
{
    if (advisor->n_looks == 0) {
        advisor->first_shrinks = stats->governor.n_shrinks;
        advisor->first_version = stats->settings_version;
    }
    struct mface_case about = case_of(advisor, stats, settings);
    mface_monitor_add(&advisor->monitor, stats, &about.rates);
    advisor->n_looks++;
    advisor->memory_sum += about.memory_used;
    if (about.memory_used > advisor->memory_peak)
        advisor->memory_peak = about.memory_used;
    count_looks(advisor, &about);
    write_advice(&advisor->insight, advisor->raised, &about);
    take_step(advisor, &about);
}

static void look_back(struct mface_advisor *advisor, const struct mface_stats *stats,
    const struct mface_settings *settings)
{
    bool troubles[MFACE_N_TROUBLES];
    if (advisor->n_looks == 0)
        advisor->first_version = stats->settings_version;
    struct mface_case about = case_of(advisor, stats, settings);
    mface_monitor_total(stats, &about.rates);
    about.memory_used = memory_of_job(advisor, stats);
    for (int i = 0; i < MFACE_N_TROUBLES; i++)
        troubles[i] = mface_trouble_judge((enum mface_trouble)i, &about) == MFACE_VERDICT_TROUBLE;
    mface_troubles_settle(troubles);
    write_advice(&advisor->insight, troubles, &about);
    mface_indicators_fill(stats, &advisor->insight);
}

void mface_advisor_look(struct mface_advisor *advisor, struct mface_stats *stats,
    const struct mface_settings *settings, int done)
{
    const bool is_due = !advisor->has_looked || stats->wall_s - advisor->look_s >= look_interval_s;
    if (done) {
        look_back(advisor, stats, settings);
    } else if (is_due) {
        advisor->has_looked = true;
        advisor->look_s = stats->wall_s;
        look_once(advisor, stats, settings);
    }
    stats->insight = advisor->insight;
}
