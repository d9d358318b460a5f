#include <memoface/status.h>

const char *mface_status_str(enum mface_status status)
{
    switch (status) {
    case MFACE_OK:
        return "ok";
    case MFACE_ERR_ARG:
        return "value out of range";
    case MFACE_ERR_NOMEM:
        return "out of memory";
    case MFACE_ERR_NOENT:
        return "not found";
    case MFACE_ERR_IO:
        return "read or write failed";
    case MFACE_ERR_NOSPC:
        return "no space left";
    case MFACE_ERR_FORMAT:
        return "malformed data";
    case MFACE_ERR_UNSUPPORTED:
        return "not supported";
    case MFACE_ERR_CANCELED:
        return "canceled";
    case MFACE_ERR_EOF:
        return "end of data";
    case MFACE_ERR_INTERNAL:
        return "internal error";
    }
    return "unknown status";
}
