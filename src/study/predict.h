/* From what a probe measured to what a whole job will take.
 *
 * A frame's processor time is shared by C processors, of which the probe got some share (other work
 * on the machine, waits); and no stage that works on one frame at a time can be outrun:
 *
 *     time a frame = max(cpu / (C x share), longest serial stage)
 *
 * cpu is a mean over frames that are new and frames that are exact repeats. */
#ifndef MFACE_STUDY_PREDICT_H
#define MFACE_STUDY_PREDICT_H

#include <stdbool.h>
#include <stdint.h>

struct mface_probe_figures {
    int n_cpus;
    /* Places of the clip, nothing known of them; without opening. */
    double frames, wall_s, cpu_s;
    double repeats; // 0..1 of these frames were served whole from the cache
    /* One place once more: all its frames are repeats. */
    double again_frames, again_wall_s, again_cpu_s;
    double decode_ms, encode_ms; // a frame, of the thread that does it, when little else runs
    double open_s;               // until the first frame can be worked on
};

struct mface_job_shape {
    double frames;  // of the whole job; 0: not known
    double repeats; // 0..1 of its frames are repeats within reach of the cache
};

enum mface_bottleneck { MFACE_BY_CPU, MFACE_BY_DECODER, MFACE_BY_ENCODER };

struct mface_prediction {
    double fps, cpu_ms, cpu_percent;
    double new_cpu_ms, repeat_cpu_ms; // a frame of each kind
    double share;                     // of the processors, 0..1
    enum mface_bottleneck bottleneck;
};

struct mface_prediction mface_predict(
    const struct mface_probe_figures *probe, const struct mface_job_shape *job);

/* Of n frames, in order, the share of those that equal one less than `reach` frames before. `gaps`:
 * distance of each frame to its last equal, 0 for none. */
double mface_predict_repeats(const int32_t *gaps, int n, double reach);

/* The share of the frames in `n_places` stretches of `length` frames, in order, whose last equal
 * lies in a stretch as well. */
double mface_predict_probed_repeats(
    const int32_t *gaps, int n, const int *starts, int n_places, int length);

#endif
