/* A terminal that is read key by key must be itself again whenever the program does not run in its
 * foreground: while it is stopped, and after its end, whatever ended it. So it is switched over
 * only by a program that just runs there and reads (nothing need be done on coming back from a
 * stop), and given back by handlers of the signals that stop or end a program. In the background it
 * is not touched at all: that would stop us. */
#include "terminal.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <termios.h>
#include <unistd.h>

static struct termios found;
static atomic_bool is_ours, was_stopped;
static bool is_begun;

static const int ending[] = { SIGHUP, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV,
    SIGSYS, SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU };

static bool is_in_foreground(void)
{
    return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void terminal_restore(void)
{
    if (atomic_exchange(&is_ours, false) && is_in_foreground())
        tcsetattr(STDIN_FILENO, TCSANOW, &found);
}

/* Does what the signal would have done without us; *before is how we handled it. */
static void do_default(int signal_number, struct sigaction *before)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    sigaction(signal_number, &action, before);
    raise(signal_number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL); // here it happens
}

static void on_end(int signal_number)
{
    struct sigaction before;
    terminal_restore();
    do_default(signal_number, &before);
}

static void on_stop(int signal_number)
{
    struct sigaction before;
    terminal_restore();
    do_default(signal_number, &before);
    sigaction(signal_number, &before, NULL); // it goes on
    atomic_store(&was_stopped, true);
}

/* Signals that somebody ignores (nohup) or handles stay theirs. */
static void handle(int signal_number, void (*handler)(int))
{
    struct sigaction before, action = { .sa_handler = handler, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
        sigaction(signal_number, &action, NULL);
}

bool terminal_begin(void)
{
    is_begun = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
    for (size_t i = 0; is_begun && i < sizeof ending / sizeof ending[0]; i++)
        handle(ending[i], on_end);
    if (is_begun)
        handle(SIGTSTP, on_stop);
    return is_begun;
}

/* Looks each time: a shell may have put the terminal right behind our back (kill -STOP, fg). */
static bool switch_over(void)
{
    struct termios keys;
    if (tcgetattr(STDIN_FILENO, &keys) != 0)
        return false;
    if (!(keys.c_lflag & ICANON))
        return true;
    found = keys;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    atomic_store(&is_ours, true);
    const bool is_done = tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
    if (!atomic_load(&is_ours)) // a signal came between the two
        tcsetattr(STDIN_FILENO, TCSANOW, &found);
    return is_done && atomic_load(&is_ours);
}

size_t terminal_read(char *keys, size_t keys_bytes)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    if (!is_begun || !is_in_foreground() || !switch_over() || poll(&input, 1, 0) <= 0)
        return 0;
    const ssize_t n = read(STDIN_FILENO, keys, keys_bytes);
    return n > 0 ? (size_t)n : 0;
}

bool terminal_was_stopped(void)
{
    return atomic_exchange(&was_stopped, false);
}

void terminal_end(void)
{
    terminal_restore();
    is_begun = false;
}
