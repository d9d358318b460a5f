/* Carried packets: what the reader met of audio, subtitles and other streams on its way through
 * the file, until the writer takes it. One thread puts, another takes.
 *
 * A video frame is decoded, swapped and encoded long after its neighbours in the file were read;
 * the carrier holds exactly those neighbours, so it is bounded by the file's own interleaving. As
 * long as no writer has said what it wants, it is bounded by a byte count. */
#ifndef MFACE_MEDIA_CARRY_H
#define MFACE_MEDIA_CARRY_H

#include <libavcodec/packet.h>
#include <memoface/status.h>
#include <stdbool.h>

struct mface_carry; // shared by reader and writer

MFACE_NODISCARD enum mface_status mface_carry_create(struct mface_carry **out);
struct mface_carry *mface_carry_ref(struct mface_carry *carry);
void mface_carry_unref(struct mface_carry **carry); // nulls; the last one frees

/* Takes the packet's content; packet->time_base must be set. Silently drops it when the writer
 * does not want its stream, or nobody came for the first 64 MiB. */
MFACE_NODISCARD enum mface_status mface_carry_put(struct mface_carry *carry, AVPacket *packet);

/* Forgets what was put; the input is read from elsewhere. */
void mface_carry_clear(struct mface_carry *carry);

/* The reader reached the end of the input: everything put is part of the output. */
void mface_carry_end(struct mface_carry *carry);
bool mface_carry_has_ended(struct mface_carry *carry);

/* The writer wants the streams i with wanted[i], 0 ≤ i < n, and no others. */
MFACE_NODISCARD enum mface_status mface_carry_attach(
    struct mface_carry *carry, const bool *wanted, int n);

/* The oldest packet if it begins no later than `time_s` (packets without a time always do), else
 * NULL. The caller frees it with av_packet_free(). */
AVPacket *mface_carry_take(struct mface_carry *carry, double time_s);

#endif
