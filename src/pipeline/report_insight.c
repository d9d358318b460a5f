#include "pipeline/report_insight.h"

static void add_advice(struct mface_json *json, const struct mface_insight *insight)
{
    mface_json_open_array(json, "advice");
    for (int i = 0; i < insight->n_advice; i++) {
        const struct mface_advice *advice = &insight->advice[i];
        mface_json_open_object(json, NULL);
        mface_json_add_str(json, "name", advice->name);
        mface_json_add_str(json, "trouble", advice->trouble);
        mface_json_add_str(json, "cause", advice->cause);
        mface_json_add_str(json, "solution", advice->solution);
        mface_json_add_str(json, "action", advice->action);
        mface_json_close_object(json);
    }
    mface_json_close_array(json);
    mface_json_add_str(json, "note", insight->note);
}

static void add_tuned(struct mface_json *json, const struct mface_insight *insight)
{
    mface_json_open_array(json, "tuned");
    for (int i = 0; i < insight->n_tuned && i < MFACE_TUNED_MAX; i++) {
        const struct mface_tuned *tuned = &insight->tuned[i];
        mface_json_open_object(json, NULL);
        mface_json_add_float(json, "wall_s", tuned->wall_s);
        mface_json_add_str(json, "setting", tuned->setting);
        mface_json_add_str(json, "from", tuned->from);
        mface_json_add_str(json, "to", tuned->to);
        mface_json_add_str(json, "why", tuned->why);
        mface_json_close_object(json);
    }
    mface_json_close_array(json);
    mface_json_add_int(json, "tuned_count", insight->n_tuned);
}

/* A figure nobody measured is null, and so is whether it is good. */
static void add_indicator(struct mface_json *json, const struct mface_indicator *indicator)
{
    mface_json_open_object(json, indicator->name);
    mface_json_add_str(json, "what", indicator->what);
    mface_json_add_bool(json, "measured", indicator->is_measured);
    if (indicator->is_measured) {
        mface_json_add_bool(json, "met", indicator->is_met);
        mface_json_add_float(json, "value", indicator->value);
    } else {
        mface_json_add_null(json, "met");
        mface_json_add_null(json, "value");
    }
    mface_json_add_float(json, "bound", indicator->bound);
    mface_json_add_str(json, "unit", indicator->unit);
    mface_json_close_object(json);
}

void mface_report_add_insight(struct mface_json *json, const struct mface_insight *insight)
{
    add_advice(json, insight);
    add_tuned(json, insight);
    mface_json_open_object(json, "indicators");
    for (int i = 0; i < insight->n_indicators; i++)
        add_indicator(json, &insight->indicators[i]);
    mface_json_close_object(json);
}
