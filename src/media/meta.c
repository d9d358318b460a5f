#include "media/meta.h"

#include "base/log.h"

#include <libavutil/bprint.h>
#include <libavutil/dict.h>
#include <libavutil/mem.h>
#include <string.h>
#include <strings.h>

static bool begins_with_any(const char *key, const char *const *words)
{
    for (; *words; words++)
        if (strncasecmp(key, *words, strlen(*words)) == 0)
            return true;
    return false;
}

static bool is_container_detail(const char *key)
{
    static const char *const words[] = { "major_brand", "minor_version", "compatible_brands",
        "encoder", "duration", NULL };
    return begins_with_any(key, words);
}

/* Statistics that mkvmerge writes, and marks of the encoder before; Matroska's muxer marks
 * transparency by itself. */
static bool is_encoding_detail(const char *key)
{
    static const char *const words[] = { "encoder", "rotate", "duration", "bps", "number_of_frames",
        "number_of_bytes", "_statistics", "alpha_mode", NULL };
    return begins_with_any(key, words);
}

static int copy_tags(
    AVDictionary **out, const AVDictionary *in, bool (*is_left_out)(const char *key))
{
    const AVDictionaryEntry *tag = NULL;
    int err = 0;
    while (err >= 0 && (tag = av_dict_get(in, "", tag, AV_DICT_IGNORE_SUFFIX)))
        if (!is_left_out || !is_left_out(tag->key))
            err = av_dict_set(out, tag->key, tag->value, 0);
    return err;
}

/* "comment of the input; key=value; key=value" */
static int set_comment(AVDictionary **tags, const char *const *pairs)
{
    const AVDictionaryEntry *old = av_dict_get(*tags, "comment", NULL, 0);
    AVBPrint text;
    av_bprint_init(&text, 0, AV_BPRINT_SIZE_UNLIMITED);
    if (old && !strstr(old->value, pairs[0]))
        av_bprintf(&text, "%s; ", old->value);
    for (; pairs[0] && pairs[1]; pairs += 2)
        av_bprintf(&text, "%s=%s%s", pairs[0], pairs[1], pairs[2] ? "; " : "");
    char *comment;
    const int err = av_bprint_finalize(&text, &comment);
    return err < 0 ? err : av_dict_set(tags, "comment", comment, AV_DICT_DONT_STRDUP_VAL);
}

static int add_pairs(AVDictionary **tags, const char *const *pairs)
{
    int err = 0;
    bool has_comment = false;
    for (const char *const *pair = pairs; err >= 0 && pair[0] && pair[1]; pair += 2) {
        has_comment |= strcasecmp(pair[0], "comment") == 0;
        err = av_dict_set(tags, pair[0], pair[1], 0);
    }
    return err < 0 || has_comment || !pairs[0] ? err : set_comment(tags, pairs);
}

static int copy_chapter(AVFormatContext *out, const AVChapter *in, const struct mface_piece *piece)
{
    int64_t start = in->start, end = in->end;
    if (!mface_piece_cut_span(piece, in->time_base, &start, &end))
        return 0;
    AVChapter *chapter = av_mallocz(sizeof *chapter);
    if (!chapter)
        return AVERROR(ENOMEM);
    chapter->id = in->id;
    chapter->time_base = in->time_base;
    chapter->start = start;
    chapter->end = end;
    int err = copy_tags(&chapter->metadata, in->metadata, NULL);
    if (err >= 0)
        err = av_dynarray_add_nofree(&out->chapters, (int *)&out->nb_chapters, chapter);
    if (err < 0) {
        av_dict_free(&chapter->metadata);
        av_free(chapter);
    }
    return err;
}

enum mface_status mface_meta_copy_container(AVFormatContext *out, const AVFormatContext *in,
    const struct mface_piece *piece, const char *const *pairs)
{
    int err = in ? copy_tags(&out->metadata, in->metadata, is_container_detail) : 0;
    if (err >= 0 && pairs)
        err = add_pairs(&out->metadata, pairs);
    for (unsigned i = 0; in && err >= 0 && i < in->nb_chapters; i++)
        err = copy_chapter(out, in->chapters[i], piece);
    return err < 0 ? mface_fail_nomem("copying metadata") : MFACE_OK;
}

enum mface_status mface_meta_copy_stream(AVStream *out, const AVStream *in, bool encoded_anew)
{
    out->disposition = in->disposition;
    out->avg_frame_rate = in->avg_frame_rate;
    out->r_frame_rate = in->r_frame_rate;
    out->sample_aspect_ratio = in->sample_aspect_ratio;
    const int err =
        copy_tags(&out->metadata, in->metadata, encoded_anew ? is_encoding_detail : NULL);
    return err < 0 ? mface_fail_nomem("copying metadata") : MFACE_OK;
}

bool mface_meta_has_custom_key(const char *const *pairs)
{
    static const char *const known[] = { "title", "artist", "album", "comment", "date", "genre",
        "copyright", "composer", "description", "synopsis", NULL };
    for (; pairs && pairs[0] && pairs[1]; pairs += 2)
        if (!begins_with_any(pairs[0], known))
            return true;
    return false;
}
