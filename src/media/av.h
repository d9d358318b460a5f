/* The joint to FFmpeg: its errors as our statuses, its log as our debug messages.
 *
 * Libav reports one failure in several lines of its own. Those go to the debug log; the place
 * that detects the failure writes the one line a user sees, with mface_av_reason() as the cause. */
#ifndef MFACE_MEDIA_AV_H
#define MFACE_MEDIA_AV_H

#include <memoface/status.h>

/* Registers devices and the log callback; cheap after the first call. Thread-safe. */
void mface_av_init(void);

/* The status a libav error code stands for. */
enum mface_status mface_av_status(int averror);

/* Forgets the calling thread's remembered libav message; call before what may fail. */
void mface_av_forget(void);

/* Why it failed: the first error libav logged on this thread since mface_av_forget(), else the
 * text of the code. Valid until the thread's next call into libav or here. */
const char *mface_av_reason(int averror);

#endif
