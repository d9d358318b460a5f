/* The version, which the build gives. */
#include <memoface/session.h>

const char *mface_version(void)
{
    return MFACE_VERSION;
}
