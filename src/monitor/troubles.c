/* The four troubles, and when each is one. A figure beyond `raise` is a trouble and one within
 * `clear` is none; what lies between leaves things as they are, so that nothing flickers. Nothing
 * is said on less evidence than `least`, nor where `gate` lies outside its range: entries that are
 * pushed out cost nothing while no frame comes again, and a busy processor is what it was bought
 * for as long as frames come fast enough. */
#include "monitor/advice.h"

enum figure { MEMORY_USED, SERVED, EVICTED, CPU, REPEATED, FPS, CHANCES, INSERTS, SECONDS, NONE };

struct row {
    const char *name;
    enum figure figure;
    double raise, clear; // clear > raise: low is bad
    enum figure evidence;
    double least;
    enum figure gate;
    double from, to;
};

// clang-format off
static const struct row rows[MFACE_N_TROUBLES] = {
    //                             name              figure       raise clear  evidence least  gate      from  to
    [MFACE_TROUBLE_MEMORY]    = { "high-memory",     MEMORY_USED, 0.80, 0.75,  NONE,      0,   NONE,     0,    0 },
    [MFACE_TROUBLE_HIT_RATE]  = { "low-hit-rate",    SERVED,      0.70, 0.75,  CHANCES,  30,   REPEATED, 0.10, 1 },
    [MFACE_TROUBLE_EVICTIONS] = { "high-evictions",  EVICTED,     0.15, 0.10,  INSERTS, 100,   REPEATED, 0.05, 1 },
    [MFACE_TROUBLE_CPU]       = { "high-cpu",        CPU,         80,   70,    SECONDS,   5,   FPS,      0.01, 25 },
};
// clang-format on

static double least(double a, double b)
{
    return a < b ? a : b;
}

double mface_case_served(const struct mface_case *about)
{
    const struct mface_rates *rates = &about->rates;
    return rates->repeat_rate > 0 ? least(rates->hit_rate / rates->repeat_rate, 1) : 1;
}

static double figure_of(enum figure figure, const struct mface_case *about)
{
    const struct mface_rates *rates = &about->rates;
    switch (figure) {
    case MEMORY_USED:
        return about->memory_used;
    case SERVED:
        return mface_case_served(about);
    case EVICTED:
        return rates->eviction_rate;
    case CPU:
        return rates->cpu_percent;
    case REPEATED:
        return rates->repeat_rate;
    case FPS:
        return rates->fps;
    case CHANCES:
        return least((double)rates->repeats, (double)rates->face_demands);
    case INSERTS:
        return (double)rates->inserts;
    case SECONDS:
        return rates->seconds;
    default:
        return 0;
    }
}

static bool is_relevant(const struct row *row, const struct mface_case *about)
{
    const double gate = figure_of(row->gate, about);
    return figure_of(row->evidence, about) >= row->least && gate >= row->from && gate <= row->to;
}

enum mface_verdict mface_trouble_judge(enum mface_trouble trouble, const struct mface_case *about)
{
    const struct row *row = &rows[trouble];
    const double sign = row->clear > row->raise ? -1 : 1;
    const double figure = sign * figure_of(row->figure, about);
    if (!is_relevant(row, about) || figure <= sign * row->clear)
        return MFACE_VERDICT_CALM;
    return figure > sign * row->raise ? MFACE_VERDICT_TROUBLE : MFACE_VERDICT_BETWEEN;
}

/* What was pushed out cannot be found again, and where memory is short the governor pushes out. */
void mface_troubles_settle(bool troubles[MFACE_N_TROUBLES])
{
    if (troubles[MFACE_TROUBLE_EVICTIONS])
        troubles[MFACE_TROUBLE_HIT_RATE] = false;
    if (troubles[MFACE_TROUBLE_MEMORY])
        troubles[MFACE_TROUBLE_EVICTIONS] = false;
}

const char *mface_trouble_name(enum mface_trouble trouble)
{
    return rows[trouble].name;
}
