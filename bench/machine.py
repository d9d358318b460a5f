"""What others use of the machine while something is measured."""

import os
import pathlib
import time


class Machine:
    """From /proc/stat, stolen time included."""

    def __init__(self):
        self.n_cores = len(os.sched_getaffinity(0))
        self.busy_s, self.start_s = self.read(), time.monotonic()

    @staticmethod
    def read():
        user, nice, system, _, _, irq, softirq, steal = map(
            int, pathlib.Path("/proc/stat").read_text().split("\n", maxsplit=1)[0].split()[1:9])
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

    def others(self, ours_s):
        """Their share of the processors since the beginning, with ours_s seconds of processor time
        of our own."""
        passed_s = time.monotonic() - self.start_s
        return max(0, (self.read() - self.busy_s - ours_s) / passed_s / self.n_cores)
