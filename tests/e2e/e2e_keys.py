"""Keys of a running job, typed at a shell with job control on a terminal of its own."""

import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import termios
import time

from media import frame_times, make_clip
from running import N_DIFFERENT, loop_of

PROMPT = "ready> "


# A sanitizer would turn a fault's code into one of its own.
FAULTS_ARE_FAULTS = {"ASAN_OPTIONS": "handle_segv=0"}


class Shell:
    """with Shell(lab) as shell: an interactive bash on a new terminal."""

    def __init__(self, lab):
        self.folder = lab.folder

    def __enter__(self):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(self.folder)
            os.execvpe("bash", ["bash", "--norc", "--noediting", "-i"],
                       {**os.environ, **FAULTS_ARE_FAULTS,
                        "PS1": PROMPT, "TERM": "xterm", "COLUMNS": "200"})
        self.text = ""
        self.expect(PROMPT)
        self.run("stty cols 160")
        return self

    def __exit__(self, *failure):
        os.kill(self.pid, signal.SIGHUP)
        os.close(self.master)
        os.waitpid(self.pid, 0)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def expect(self, pattern, timeout_s=30):
        """Waits for a pattern in what was printed since the last one; returns the match."""
        end = time.monotonic() + timeout_s
        while not (match := re.search(pattern, self.text)):
            assert time.monotonic() < end, f"no '{pattern}' in:\n{self.text[:300]}…{self.text[-300:]}"
            if select.select([self.master], [], [], 0.5)[0]:
                self.text += os.read(self.master, 65536).decode(errors="replace")
        self.text = self.text[match.end():]
        return match

    def run(self, command):
        """What a command prints."""
        self.type(command + "; echo DO''NE\r")
        self.expect("DO''NE")  # its echo
        printed = self.expect(r"(?s)(.*)DONE\r\n").group(1)
        self.expect(PROMPT)
        return printed

    def is_sane(self):
        words = self.run("stty -a").split()
        return all(word in words or word + ";" in words for word in ("icanon", "echo", "isig"))


def command(lab, *args, output="live.mkv"):
    """A swap that goes on until it is stopped."""
    clip = make_clip(lab.path("loop.mkv"), n_frames=N_DIFFERENT)
    return shlex.join([lab.memoface, "swap", *loop_of(clip), "-m", lab.model, "-o", lab.path(output),
                       "-y", "--precision", "f32", "--cache-dir", "none", *args])


def frames(shell):
    return int(shell.expect(r"(\d+) frames").group(1))


def start(shell, line):
    shell.type(line + "\r")
    shell.expect(r"frames.*  \? for keys")


def pid_of_job(shell):
    return int(re.search(r"\d{2,}", shell.run("jobs -p")).group())


def ended(shell, code):
    shell.expect(PROMPT)
    assert f"={code}=" in shell.run("echo =$?=")
    assert shell.is_sane()


def test_keys_pause_stop_and_finish(lab):
    with Shell(lab) as shell:
        assert shell.is_sane()
        start(shell, command(lab))
        shell.type("?")
        shell.expect("Keys: space or p pauses")
        shell.type("\033[A\033OQxyz")  # an arrow, a function key, nothing
        shell.type(" ")
        shell.expect("paused, space goes on")
        shell.type("p")
        shell.expect(r"frames.*  \? for keys")

        # Stopped, the terminal is the shell's; back in the foreground it is ours again.
        shell.type("\x1a")
        shell.expect("Stopped")
        assert shell.is_sane()
        shell.type("fg\r")
        before = frames(shell)
        shell.expect(r"frames.*  \? for keys")
        assert frames(shell) >= before
        shell.type("q")
        shell.expect("Interrupted")
        ended(shell, 130)
    assert len(frame_times(lab.path("live.mkv"))) > 0


def test_a_narrower_terminal_keeps_no_remnants(lab):
    """The terminal breaks the lines anew, so that going back to the first means going up more rows."""
    with Shell(lab) as shell:
        start(shell, command(lab))
        shell.expect("\x1b\\[2A")
        columns = 40  # the bar fits, the line of figures takes two rows
        fcntl.ioctl(shell.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        shell.expect("\x1b\\[3A\r\x1b\\[J")
        line = shell.expect("(RAM Cache[^\r\n]*)\r\n").group(1)
        assert len(line) == columns, line
        shell.expect("\x1b\\[2A\r\x1b\\[J")  # what was printed since is cut to fit
        shell.type("q")
        ended(shell, 130)


def test_no_end_leaves_the_terminal_changed(lab):
    line = command(lab)
    for number, code in ((signal.SIGTERM, 130), (signal.SIGINT, 130), (signal.SIGHUP, 130),
                         (signal.SIGQUIT, 131), (signal.SIGSEGV, 139), (signal.SIGABRT, 134)):
        with Shell(lab) as shell:
            shell.run("ulimit -c 0")
            start(shell, line)
            shell.type("\x1a")
            shell.expect("Stopped")
            pid = pid_of_job(shell)
            shell.type("fg\r")
            shell.expect(r"frames.*  \? for keys")
            os.kill(pid, number)
            ended(shell, code)


def test_second_ctrl_c_ends_at_once(lab):
    """The first one asks. Whether or not the job could answer (its source says nothing), the second
    leaves nothing running and the terminal as it was."""
    os.mkfifo(lab.path("never"))
    clip = make_clip(lab.path("clip.mkv"), n_frames=40, codec=["-c:v", "ffv1"])
    line = shlex.join([lab.memoface, "swap", "-i", lab.path("never"), "-m", lab.model, "-o",
                       lab.path("out.mkv"), "--precision", "f32", "--cache-dir", "none"])
    with Shell(lab) as shell:
        shell.run(f"(head -c 200000 {clip}; sleep 1000) >never & disown")
        feeder = int(shell.run("echo $!").split()[0])
        try:
            start(shell, line)
            shell.type("\x03")
            time.sleep(0.3)
            shell.type("\x03")
            shell.expect(PROMPT)
            assert re.search("=130=", shell.run("echo =$?="))
            assert shell.is_sane()
        finally:
            os.kill(feeder, signal.SIGKILL)


def test_keys_are_for_the_foreground_of_a_terminal(lab):
    line = command(lab)
    with Shell(lab) as shell:
        # In the background it neither stops for want of the terminal nor touches it.
        shell.type(line + " &\r")
        frames(shell)
        frames(shell)
        assert shell.is_sane()
        assert "Running" in shell.run("jobs")
        shell.type("fg\r")
        shell.expect(r"frames.*  \? for keys")
        shell.type("?")
        shell.expect("Keys: ")
        shell.type("q")
        ended(shell, 130)
        for off in (" </dev/null", " --keys off"):
            shell.type(line + off + "\r")
            frames(shell)
            shell.type("q ?")
            frames(shell)
            before = shell.text
            frames(shell)
            assert "Keys:" not in before + shell.text and "for keys" not in before + shell.text
            shell.type("\x03")
            shell.expect("Interrupted")
            shell.expect(PROMPT)
            shell.type("\x15")  # what was typed meanwhile went to the shell
            assert shell.is_sane()
