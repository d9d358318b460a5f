#include "study/predict.h"

#include <math.h>

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

/* What is left of the probe's time when its repeats are taken out. */
static double new_cpu_ms(const struct mface_probe_figures *probe, double repeat_ms)
{
    const double n_repeats = probe->repeats * probe->frames;
    const double n_new = probe->frames - n_repeats;
    const double mean_ms = ratio(1000 * probe->cpu_s, probe->frames);
    if (n_new < 1)
        return mean_ms;
    return fmax((1000 * probe->cpu_s - n_repeats * repeat_ms) / n_new, repeat_ms);
}

struct mface_prediction mface_predict(
    const struct mface_probe_figures *probe, const struct mface_job_shape *job)
{
    struct mface_prediction p = {
        .share = fmin(1, ratio(probe->cpu_s, probe->wall_s * probe->n_cpus)),
        .repeat_cpu_ms = ratio(1000 * probe->again_cpu_s, probe->again_frames),
    };
    p.new_cpu_ms = new_cpu_ms(probe, p.repeat_cpu_ms);
    p.cpu_ms = (1 - job->repeats) * p.new_cpu_ms + job->repeats * p.repeat_cpu_ms;
    double frame_ms = ratio(p.cpu_ms, probe->n_cpus * p.share);
    if (probe->decode_ms > frame_ms || probe->encode_ms > frame_ms) {
        frame_ms = fmax(probe->decode_ms, probe->encode_ms);
        p.bottleneck = probe->decode_ms > probe->encode_ms ? MFACE_BY_DECODER : MFACE_BY_ENCODER;
    }
    const double opening_ms = job->frames > 0 ? 1000 * probe->open_s / job->frames : 0;
    p.fps = ratio(1000, frame_ms + opening_ms);
    p.cpu_percent = ratio(100 * p.cpu_ms, probe->n_cpus * (frame_ms + opening_ms));
    return p;
}

double mface_predict_repeats(const int32_t *gaps, int n, double reach)
{
    int n_repeats = 0;
    for (int i = 0; i < n; i++)
        n_repeats += gaps[i] > 0 && gaps[i] < reach;
    return ratio(n_repeats, n);
}

static bool is_in_place(const int *starts, int n_places, int length, int frame)
{
    for (int i = 0; i < n_places; i++)
        if (frame >= starts[i] && frame < starts[i] + length)
            return true;
    return false;
}

double mface_predict_probed_repeats(
    const int32_t *gaps, int n, const int *starts, int n_places, int length)
{
    int n_repeats = 0, n_frames = 0;
    for (int i = 0; i < n; i++) {
        if (!is_in_place(starts, n_places, length, i))
            continue;
        n_frames++;
        n_repeats += gaps[i] > 0 && is_in_place(starts, n_places, length, i - gaps[i]);
    }
    return ratio(n_repeats, n_frames);
}
