#include "trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const stage_names[N_STAGES] = { "detect", "mark", "align", "crop", "pre", "swap",
    "post", "merge" };

/* A benchmark has nothing better to do than to end. */
static void *grown(void *array, size_t n, size_t item_bytes)
{
    if (n & (n - 1)) // doubled at each power of two
        return array;
    array = realloc(array, (n ? 2 * n : 1) * item_bytes);
    if (!array) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return array;
}

static size_t slot_of(const struct trace *trace, uint64_t key, enum stage stage)
{
    size_t slot = (key ^ (uint64_t)stage << 40) * 0x9e3779b97f4a7c15u >> 20;
    for (;; slot++) {
        const uint32_t id = trace->table[slot &= trace->n_slots - 1];
        if (!id || (trace->objects[id].key == key && trace->objects[id].stage == stage))
            return slot;
    }
}

static void grow_table(struct trace *trace)
{
    trace->n_slots = trace->n_slots ? 2 * trace->n_slots : 1024;
    free(trace->table);
    trace->table = calloc(trace->n_slots, sizeof *trace->table);
    if (!trace->table) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    for (uint32_t id = 1; id <= trace->n_objects; id++)
        trace->table[slot_of(trace, trace->objects[id].key, trace->objects[id].stage)] = id;
}

static uint32_t find_object(struct trace *trace, uint64_t key, enum stage stage)
{
    if (2 * (size_t)trace->n_objects >= trace->n_slots)
        grow_table(trace);
    uint32_t *slot = &trace->table[slot_of(trace, key, stage)];
    if (*slot)
        return *slot;
    if (trace->n_objects == 0) // number 0 is none
        trace->objects = grown(trace->objects, 0, sizeof *trace->objects);
    trace->objects = grown(trace->objects, trace->n_objects + 1, sizeof *trace->objects);
    trace->objects[++trace->n_objects] = (struct object) { .key = key, .stage = stage };
    return *slot = trace->n_objects;
}

static bool read_result(struct trace *trace, const char *line)
{
    char name[16];
    uint64_t key;
    double cost_us;
    long long bytes;
    if (sscanf(line, "result %15s %" SCNx64 " %lf %lld", name, &key, &cost_us, &bytes) != 4)
        return false;
    for (int stage = 0; stage < N_STAGES; stage++) {
        if (strcmp(name, stage_names[stage]) != 0)
            continue;
        const uint32_t id = find_object(trace, key, (enum stage)stage); // may move the objects
        struct object *object = &trace->objects[id];
        object->cost_us += (cost_us - object->cost_us) / ++object->n_measured;
        object->bytes = bytes > object->bytes ? bytes : object->bytes;
        return true;
    }
    return true; // a stage that is not kept
}

static bool read_frame(struct trace *trace, const char *line)
{
    uint64_t root, detect, merge;
    unsigned n_faces;
    if (sscanf(line, "frame %" SCNx64 " %" SCNx64 " %" SCNx64 " %u", &root, &detect, &merge,
            &n_faces) != 4)
        return false;
    trace->frames = grown(trace->frames, trace->n_frames, sizeof *trace->frames);
    trace->frames[trace->n_frames++] = (struct frame) {
        .detect = detect ? find_object(trace, detect, DETECT) : 0,
        .merge = n_faces ? find_object(trace, merge, MERGE) : 0,
        .first_face = trace->n_faces,
    };
    return true;
}

static bool read_face(struct trace *trace, const char *line)
{
    uint64_t key[6];
    if (trace->n_frames == 0 ||
        sscanf(line, "face %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
            &key[0], &key[1], &key[2], &key[3], &key[4], &key[5]) != 6)
        return false;
    trace->faces = grown(trace->faces, trace->n_faces, sizeof *trace->faces);
    const uint32_t crop = find_object(trace, key[2], CROP);
    trace->faces[trace->n_faces++] = (struct face) {
        .mark = find_object(trace, key[0], MARK),
        .align = find_object(trace, key[1], ALIGN),
        .crop = crop,
        .pre = key[3] == key[2] ? crop : find_object(trace, key[3], PRE),
        .swap = find_object(trace, key[4], SWAP),
        .post = find_object(trace, key[5], POST),
    };
    trace->frames[trace->n_frames - 1].n_faces++;
    return true;
}

static bool read_line(struct trace *trace, const char *line)
{
    if (strncmp(line, "result ", 7) == 0)
        return read_result(trace, line);
    if (strncmp(line, "frame ", 6) == 0)
        return read_frame(trace, line);
    if (strncmp(line, "face ", 5) == 0)
        return read_face(trace, line);
    trace->n_jobs += strncmp(line, "job ", 4) == 0;
    return strncmp(line, "job ", 4) == 0 || strncmp(line, "memoface-trace 1", 16) == 0;
}

bool trace_read(struct trace *trace, const char *path)
{
    char line[512];
    int n_lines = 0;
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return false;
    }
    bool is_ok = true;
    while (is_ok && fgets(line, sizeof line, file)) {
        n_lines++;
        is_ok = read_line(trace, line) && (n_lines > 1 || strncmp(line, "memoface", 8) == 0);
    }
    fclose(file);
    if (!is_ok || n_lines == 0)
        fprintf(stderr, "%s:%d: not a line of a trace\n", path, n_lines);
    return is_ok && n_lines > 0;
}

void trace_complete(struct trace *trace)
{
    double cost_us[N_STAGES] = { 0 }, bytes[N_STAGES] = { 0 };
    int n[N_STAGES] = { 0 };
    for (uint32_t id = 1; id <= trace->n_objects; id++) {
        const struct object *object = &trace->objects[id];
        if (!object->n_measured)
            continue;
        n[object->stage]++;
        cost_us[object->stage] += object->cost_us;
        bytes[object->stage] += (double)object->bytes;
    }
    for (uint32_t id = 1; id <= trace->n_objects; id++) {
        struct object *object = &trace->objects[id];
        if (object->n_measured || n[object->stage] == 0)
            continue;
        object->cost_us = cost_us[object->stage] / n[object->stage];
        object->bytes = (int64_t)(bytes[object->stage] / n[object->stage]);
    }
}

void trace_clear(struct trace *trace)
{
    free(trace->objects);
    free(trace->frames);
    free(trace->faces);
    free(trace->table);
    *trace = (struct trace) { 0 };
}

static double face_cost_us(const struct trace *trace, const struct face *face)
{
    const struct object *objects = trace->objects;
    return objects[face->mark].cost_us + objects[face->align].cost_us +
           (face->pre == face->crop ? 0 : objects[face->pre].cost_us) +
           objects[face->swap].cost_us + objects[face->post].cost_us;
}

/* The crop costs nothing of its own: align has it at hand when it runs. */
double trace_cost_us(const struct trace *trace)
{
    double us = 0;
    for (uint32_t i = 0; i < trace->n_frames; i++) {
        const struct frame *frame = &trace->frames[i];
        us += trace->objects[frame->detect].cost_us;
        us += frame->merge ? trace->objects[frame->merge].cost_us : 0;
        for (uint32_t k = 0; k < frame->n_faces; k++)
            us += face_cost_us(trace, &trace->faces[frame->first_face + k]);
    }
    return us;
}
