/* What the files of the advisor share: a case to judge, the table of troubles, the words, the
 * steps.
 */
#ifndef MFACE_MONITOR_ADVICE_H
#define MFACE_MONITOR_ADVICE_H

#include <memoface/advisor.h>
#include <memoface/monitor.h>
#include <stdbool.h>

enum mface_trouble {
    MFACE_TROUBLE_MEMORY,
    MFACE_TROUBLE_HIT_RATE,
    MFACE_TROUBLE_EVICTIONS,
    MFACE_TROUBLE_CPU,
    MFACE_N_TROUBLES
};

/* What is judged: figures of a while, or of a whole job. */
struct mface_case {
    const struct mface_stats *stats;
    const struct mface_settings *settings;
    struct mface_rates rates;
    double memory_used;    // 0..1
    int64_t user_bytes;    // cache-size as the user set it; 0: no cache
    int64_t max_bytes;     // what auto-tune may go up to
    bool settings_changed; // by somebody else than us, while these figures came about
};

/* troubles.c: the one table of thresholds */

enum mface_verdict { MFACE_VERDICT_CALM, MFACE_VERDICT_BETWEEN, MFACE_VERDICT_TROUBLE };

/* CALM also where there is not enough evidence. */
enum mface_verdict mface_trouble_judge(enum mface_trouble trouble, const struct mface_case *about);

/* Of troubles that were judged one by one, takes those away that are but a consequence. */
void mface_troubles_settle(bool troubles[MFACE_N_TROUBLES]);

const char *mface_trouble_name(enum mface_trouble trouble);

/* Faces served of those in frames seen before, 0..1; 1 where nothing came again. */
double mface_case_served(const struct mface_case *about);

/* words.c */

void mface_advice_write(
    enum mface_trouble trouble, const struct mface_case *about, struct mface_advice *advice);
void mface_advice_note(const struct mface_case *about, char *text, size_t text_bytes);

/* remedy.c: what both words and steps go by */

enum { MFACE_VALUE_BYTES = 24 };

void mface_case_value(
    const struct mface_case *about, const char *key, char text[MFACE_VALUE_BYTES]);
bool mface_case_is(const struct mface_case *about, const char *key, const char *text);
int64_t mface_case_bytes(const struct mface_case *about, const char *key);
int mface_case_int(const struct mface_case *about, const char *key);
void mface_size_print(int64_t bytes, char text[MFACE_VALUE_BYTES]); // "1536M", "2G"

/* Results were pushed out or found no room. */
bool mface_case_has_lost(const struct mface_case *about);

/* The cache that would leave memory used to 70 %; 0: the cache is not what fills it. */
int64_t mface_remedy_smaller_cache(const struct mface_case *about);
/* The cache that what was pushed out would have fitted into, as far as memory goes (75 %); 0: no
 * larger one. */
int64_t mface_remedy_larger_cache(const struct mface_case *about);
/* Pre-processed faces take room and are hardly ever found. */
bool mface_remedy_pre_is_worthless(const struct mface_case *about);
/* 0..1 of the time that all stages took. */
double mface_case_share(const struct mface_case *about, const char *stage);

/* step.c: what auto-tune would do next. False: nothing, or nothing that it may. */

struct mface_step {
    const char *setting, *why;
    char to[MFACE_VALUE_BYTES];
};

bool mface_step_choose(
    const bool troubles[MFACE_N_TROUBLES], const struct mface_case *about, struct mface_step *step);

/* indicators.c: five signs, of a whole job */
void mface_indicators_fill(const struct mface_stats *stats, struct mface_insight *insight);

#endif
