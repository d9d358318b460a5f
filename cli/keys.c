/* Keys of a running job, for whoever sits at its terminal. */
#include "cli.h"
#include "terminal.h"

static const char help[] =
    "Keys: space or p pauses and goes on; q ends the job and finishes its file, as Ctrl-C does; "
    "? shows this line";

static void press(struct watch *watch, char key)
{
    struct mface_control_state state;
    switch (key) {
    case ' ':
    case 'p':
        mface_session_get_control(watch->session, &state);
        mface_session_pause(watch->session, !state.is_paused);
        break;
    case 'q':
        mface_session_cancel(watch->session);
        break;
    case '?':
    case 'h':
        progress_say(&watch->progress, help);
        break;
    default:
        break;
    }
}

/* The last byte of the escape sequence at keys[i] (an arrow, a function key: ESC [ 1 ; 5 A, ESC O
 * Q), as far as it is there. */
static size_t end_of_sequence(const char *keys, size_t i, size_t n)
{
    if (++i < n && keys[i] == '[')
        while (++i < n && (keys[i] < '@' || keys[i] > '~'))
            ;
    else if (i < n && keys[i] == 'O')
        i++;
    return i;
}

void keys_obey(struct watch *watch)
{
    enum { ESCAPE = 27 };
    char keys[64];
    const size_t n = terminal_read(keys, sizeof keys);
    for (size_t i = 0; i < n; i++) {
        if (keys[i] == ESCAPE)
            i = end_of_sequence(keys, i, n);
        else
            press(watch, keys[i]);
    }
}
