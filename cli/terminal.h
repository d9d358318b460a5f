/* The terminal as a keyboard: keys one by one and without echo, while Ctrl-C and Ctrl-Z still work.
 * Main thread, except where it says so. */
#ifndef MFACE_CLI_TERMINAL_H
#define MFACE_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Allows terminal_read(); false if stdin and stderr are not both terminals. From here on signals
 * that stop or end the program by default leave the terminal as it was found; whoever handles one
 * calls terminal_restore() before ending the program. */
bool terminal_begin(void);

/* What was typed since the last call, without waiting; returns the number of bytes. The terminal is
 * switched over here, and only while the program is in its foreground: so also when it has come
 * back there. */
size_t terminal_read(char *keys, size_t keys_bytes);

/* Whether the program has been stopped since the last call: others have written on the screen. */
bool terminal_was_stopped(void);

/* As it was found. Async-signal-safe, any thread. */
void terminal_restore(void);

/* The opposite of terminal_begin(), whether or not that succeeded. */
void terminal_end(void);

#endif
