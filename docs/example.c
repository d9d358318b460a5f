/* Swaps one clip with the library, as docs/library.md explains. Compiles as C and as C++. */
#include <memoface/memoface.h>
#include <stdio.h>
#include <string.h>

static void show(void *user, const struct mface_stats *stats, int done)
{
    (void)user;
    printf("%lld frames, %.1f FPS%s\n", (long long)stats->frames, stats->fps, done ? ", done" : "");
}

static enum mface_status swap(struct mface_session *session, const char *input, const char *output)
{
    struct mface_stats stats;
    struct mface_job job;
    memset(&job, 0, sizeof job); // what is not said is as usual
    job.input = input;
    job.output = output;
    job.quality = -1; // the encoder's usual one
    job.progress = show;
    const enum mface_status status = mface_session_run(session, &job, &stats);
    if (status == MFACE_OK)
        printf("%lld faces\n", (long long)stats.faces);
    return status;
}

int main(int argc, char **argv)
{
    struct mface_settings *settings = NULL;
    struct mface_session *session = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: %s INPUT MODEL.dfm OUTPUT\n", argv[0]);
        return 2;
    }
    enum mface_status status = mface_settings_create(&settings);
    if (status == MFACE_OK)
        status = mface_settings_set(settings, "cache-size", "1G");
    if (status == MFACE_OK)
        status = mface_session_create(argv[2], settings, &session);
    if (status == MFACE_OK)
        status = swap(session, argv[1], argv[3]);
    mface_session_free(&session);
    mface_settings_free(&settings);
    return status == MFACE_OK ? 0 : 1; // what failed has been said by a line on stderr
}
