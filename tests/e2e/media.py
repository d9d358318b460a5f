"""Clips, models and helpers for the end-to-end tests.

Clips are made from scikit-image's astronaut picture (NASA, public domain): a window that pans over
the face, so that every frame shows one real face in another place.
"""

import hashlib
import json
import os
import pathlib
import subprocess

import skimage

ASTRONAUT = pathlib.Path(skimage.__file__).parent / "data" / "astronaut.png"


class Lab:
    """The program under test, a model, and a folder to work in."""

    def __init__(self, memoface, model, folder):
        self.memoface = str(memoface)
        self.model = str(model)
        self.folder = pathlib.Path(folder)

    def path(self, name):
        return str(self.folder / name)

    def swap_command(self, source, target, *args, model=None):
        return [self.memoface, "swap", "-i", source, "-m", model or self.model, "-o", target, "-y",
                "--precision", "f32", *args]  # auto goes by the machine

    def swap(self, source, target, *args, model=None, **popen):
        """Runs a swap; returns the finished process with text output."""
        return subprocess.run(self.swap_command(source, target, *args, model=model),
                              capture_output=True, text=True, timeout=300, **popen)

    def interrupt_under_way(self, command, *signal_numbers):
        """Starts a swap without output of its own on stdout, sends the signals once frames have been
        written, however long that takes; returns (exit code, stderr)."""
        process = subprocess.Popen([*command, "--monitor", "json"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        for line in process.stdout:
            if json.loads(line)["frames"] > 0:
                break
        for signal_number in signal_numbers:
            process.send_signal(signal_number)
        _, stderr = process.communicate(timeout=120)
        return process.returncode, stderr

    def swap_report(self, source, target, *args):
        """Runs a swap that must succeed; returns its report."""
        report = self.path("report.json")
        done = self.swap(source, target, "--report", report, *args)
        assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
        return json.loads(pathlib.Path(report).read_text())


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, args)], check=True)


def face_frames(n_frames, size, fps=30, extra=""):
    """Input arguments and filter of a panning shot of the face."""
    w, h = size
    graph = (f"scale=700:-1,format=rgb24,crop={w}:{h}:'120+2*mod(n\\,40)':'20+mod(n\\,20)'{extra},"
             f"trim=end_frame={n_frames}")
    return ["-loop", "1", "-framerate", fps, "-i", ASTRONAUT, "-vf", graph]


LOSSLESS = ["-c:v", "libx264", "-qp", "0", "-preset", "ultrafast"]


def make_clip(path, n_frames=12, size=(400, 360), pixel_format="yuv420p", codec=LOSSLESS, extra="",
              **kwargs):
    ffmpeg(*face_frames(n_frames, size, extra=extra, **kwargs), "-pix_fmt", pixel_format, *codec, path)
    return str(path)


def probe(path, *entries):
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", *entries, str(path)],
        check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def streams(path):
    return probe(path, "-show_streams")["streams"]


def video(path):
    return next(s for s in streams(path) if s["codec_type"] == "video")


def frame_times(path):
    packets = probe(path, "-select_streams", "v:0", "-show_frames", "-show_entries",
                    "frame=best_effort_timestamp_time")["frames"]
    return [round(float(f["best_effort_timestamp_time"]), 3) for f in packets]


def frame_hashes(path):
    """One hash a decoded video frame, in its own pixel format and orientation."""
    out = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-noautorotate", "-i", str(path), "-map", "0:v:0",
         "-fps_mode", "passthrough", "-f", "framemd5", "-"],
        check=True, capture_output=True, text=True).stdout
    return [line.split(",")[-1].strip() for line in out.splitlines() if not line.startswith("#")]


def raw_frames(path, pixel_format):
    """All frames as bytes in one pixel format."""
    return subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-noautorotate", "-i", str(path), "-map", "0:v:0",
         "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", pixel_format, "-"],
        check=True, capture_output=True).stdout


def stream_hash(path, kind, index=0):
    """A hash of one stream's packets as they are."""
    out = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", f"0:{kind}:{index}", "-c",
         "copy", "-f", "streamhash", "-hash", "md5", "-"],
        check=True, capture_output=True, text=True).stdout
    return out.strip()


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def leftovers(folder, expected):
    """Names in the folder beyond the expected ones: temporary files that were not cleaned up."""
    return sorted(set(os.listdir(folder)) - set(expected))
