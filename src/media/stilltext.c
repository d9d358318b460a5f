#include "media/stilltext.h"

#include <libavutil/crc.h>
#include <libavutil/intreadwrite.h>
#include <string.h>

enum {
    PNG_HEAD_BYTES = 33,    // signature and IHDR
    PNG_KEY_MAX_BYTES = 79, // of a tEXt keyword
};

static bool put(FILE *file, const void *bytes, size_t n_bytes)
{
    return fwrite(bytes, 1, n_bytes, file) == n_bytes;
}

static bool put_be32(FILE *file, uint32_t value)
{
    uint8_t bytes[4];
    AV_WB32(bytes, value);
    return put(file, bytes, sizeof bytes);
}

/* length, "tEXt", keyword, 0, text, CRC of type and data */
static bool put_png_text(FILE *file, const char *key, const char *value)
{
    const AVCRC *table = av_crc_get_table(AV_CRC_32_IEEE_LE);
    const size_t key_bytes = strnlen(key, PNG_KEY_MAX_BYTES), value_bytes = strlen(value);
    const uint8_t zero = 0;
    uint32_t crc = av_crc(table, UINT32_MAX, (const uint8_t *)"tEXt", 4);
    crc = av_crc(table, crc, (const uint8_t *)key, key_bytes);
    crc = av_crc(table, crc, &zero, 1);
    crc = av_crc(table, crc, (const uint8_t *)value, value_bytes);
    return put_be32(file, (uint32_t)(key_bytes + 1 + value_bytes)) && put(file, "tEXt", 4) &&
           put(file, key, key_bytes) && put(file, &zero, 1) && put(file, value, value_bytes) &&
           put_be32(file, ~crc);
}

static bool put_jpeg_comment(FILE *file, const char *key, const char *value)
{
    char text[1024];
    int length = snprintf(text, sizeof text, "%s=%s", key, value);
    if (length < 0)
        return false;
    if ((size_t)length >= sizeof text)
        length = sizeof text - 1;
    uint8_t head[4] = { 0xFF, 0xFE };
    AV_WB16(head + 2, length + 2);
    return put(file, head, sizeof head) && put(file, text, (size_t)length);
}

/* Where text may go: after PNG's IHDR, or JPEG's SOI and JFIF segment; 0: nowhere. */
static size_t place_of_text(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes > PNG_HEAD_BYTES && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0)
        return PNG_HEAD_BYTES;
    if (n_bytes < 6 || bytes[0] != 0xFF || bytes[1] != 0xD8)
        return 0;
    const bool has_jfif = bytes[2] == 0xFF && bytes[3] == 0xE0;
    const size_t place = has_jfif ? 4 + (size_t)AV_RB16(bytes + 4) : 2;
    return place < n_bytes ? place : 0;
}

bool mface_still_put(FILE *file, const uint8_t *bytes, size_t n_bytes, const char *const *pairs)
{
    const size_t place = place_of_text(bytes, n_bytes);
    bool ok = put(file, bytes, place);
    for (; ok && place > 0 && pairs && pairs[0] && pairs[1]; pairs += 2)
        ok = place == PNG_HEAD_BYTES && bytes[0] == 0x89
                 ? put_png_text(file, pairs[0], pairs[1])
                 : put_jpeg_comment(file, pairs[0], pairs[1]);
    return ok && put(file, bytes + place, n_bytes - place);
}
