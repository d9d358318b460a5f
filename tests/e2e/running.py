"""A swap that goes on until it is stopped, and its dashboard."""

import http.client
import json
import re
import signal
import subprocess
import time
import urllib.parse

from media import make_clip

N_DIFFERENT = 16  # frames of the clip that is played over and over


def loop_of(clip):
    """Input arguments for a clip played for ever, as a camera would deliver it."""
    return ["-i", f"movie={clip}:loop=0,setpts=N/30/TB,realtime", "-f", "lavfi"]


class Running:
    """with Running(lab, …) as job: the swap runs; afterwards it has been interrupted and is done."""

    def __init__(self, lab, *args, clip=None, output="live.mkv", dashboard="127.0.0.1:0"):
        self.lab = lab
        self.clip = clip or make_clip(lab.path("loop.mkv"), n_frames=N_DIFFERENT, size=(400, 360))
        self.output = lab.path(output)
        self.report = lab.path("live.json")
        self.command = [lab.memoface, "swap", *loop_of(self.clip), "-m", lab.model, "-o", self.output,
                        "-y", "--precision", "f32", "--cache-dir", "none", "--encoder", "ffv1",
                        "--pixel-format", "yuv420p", "--report", self.report,
                        f"--dashboard={dashboard}", *args]

    def __enter__(self):
        self.is_interrupted = False
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        match = re.match(r"Dashboard: (http://\S+)\n", line)
        if not match:
            self.process.kill()
            raise AssertionError(f"no dashboard: {line}{self.process.stderr.read()}")
        self.url = match.group(1)
        self.address = urllib.parse.urlsplit(self.url).netloc
        return self

    def interrupt(self):
        """Once: a second signal would end the program at once."""
        if not self.is_interrupted:
            self.is_interrupted = True
            self.process.send_signal(signal.SIGINT)

    def __exit__(self, *failure):
        self.interrupt()
        try:
            _, self.log = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the swap did not stop")
        if not failure[0]:
            assert self.process.returncode == 130, f"exit {self.process.returncode}: {self.log}"
            self.final = json.loads(open(self.report).read())

    def request(self, method, path, body=None, headers=None, timeout=30):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection(self.address, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, path, headers=None, timeout=30):
        status, _, body = self.request("GET", path, headers=headers, timeout=timeout)
        assert status == 200, (path, status, body)
        return body

    def send(self, method, path, value):
        """(status, JSON of the answer)"""
        status, _, body = self.request(method, path, json.dumps(value),
                                       {"Content-Type": "application/json"})
        return status, json.loads(body)

    def patch(self, **values):
        status, answer = self.send("PATCH", "/api/v1/settings",
                                   {key.replace("_", "-"): value for key, value in values.items()})
        assert status == 200, answer
        return answer

    def settings(self):
        rows = json.loads(self.get("/api/v1/settings"))["settings"]
        return {row["key"]: row["value"] for row in rows}

    def pause(self, on):
        status, answer = self.send("PUT", "/api/v1/paused", {"paused": on})
        assert status == 200 and answer == {"paused": on}, answer

    def stats(self):
        return json.loads(self.get("/api/v1/stats"))

    def wait_for(self, condition, timeout_s=60):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            stats = self.stats()
            if condition(stats):
                return stats
            time.sleep(0.1)
        raise AssertionError(f"did not come about: {stats}")

    def wait_for_frames(self, n):
        return self.wait_for(lambda stats: stats["frames"] >= n)

    def drain(self):
        """Pauses and waits until every frame in flight is written: figures that were collected after
        the pause, which those of the next publication may not have been, must say so."""
        self.pause(True)
        paused = self.stats()["sequence"]
        return self.wait_for(
            lambda stats: stats["sequence"] >= paused + 2 and stats["frames_in_flight"] == 0)
