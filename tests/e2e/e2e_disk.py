"""The disk tier: results that outlive the process, and what may happen to them meanwhile."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

from media import frame_hashes, make_clip

LOSSLESS_OUT = ["--encoder", "ffv1"]
COMPUTED = ("detect", "mark", "align", "swap")


def disk_args(lab, size="64M"):
    return ["--cache-dir", lab.path("cache"), "--disk-cache-size", size]


def cache(lab, action, *args):
    return subprocess.run([lab.memoface, "cache", action, lab.path("cache"), *args],
                          capture_output=True, text=True, timeout=60)


def stat(lab):
    done = cache(lab, "stat", "--json")
    return json.loads(done.stdout) if done.returncode == 0 else None


def segments(lab):
    return sorted(pathlib.Path(lab.path("cache"), "results").glob("*.seg"))


def runs(report, stages=COMPUTED):
    return sum(report["stages"][name]["runs"] for name in stages)


def test_disk_changes_no_pixel(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=8)
    settings = LOSSLESS_OUT + ["--presharpen", "0.5", "--post-gamma-blue", "0.9"]
    out = lab.path("out.mkv")
    report = lab.swap_report(clip, out, *settings)
    n_runs = runs(report)
    assert report["disk"]["limit_bytes"] == 0 and n_runs > 3 * 8  # not every frame is detected
    expected = frame_hashes(out)
    variants = {"cold": [], "warm": [], "small": ["--cache-size", "2M"],
                "no RAM": ["--cache-size", "0"], "not parallel": ["--parallel", "off"]}
    for name, extra in variants.items():
        report = lab.swap_report(clip, out, *settings, *disk_args(lab), *extra)
        assert frame_hashes(out) == expected, f"pixels differ: {name}"
        assert runs(report) == (n_runs if name == "cold" else 0), (name, report["stages"])
        assert (report["disk"]["hits"] > 0) == (name != "cold"), (name, report["disk"])
        assert report["disk"]["damaged"] == 0 and report["disk"]["drops"] == 0
    assert cache(lab, "verify").returncode == 0


def test_rerender_after_a_restart_runs_no_inference(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=8)
    gamma = LOSSLESS_OUT + ["--post-gamma-red", "1.3"]
    lab.swap_report(clip, lab.path("first.mkv"), *LOSSLESS_OUT, *disk_args(lab))
    report = lab.swap_report(clip, lab.path("disk.mkv"), *gamma, *disk_args(lab))
    assert runs(report) == 0, report["stages"]
    assert report["stages"]["post"]["runs"] == 8, report["stages"]
    assert report["cache"]["hit_rate"] == 1
    lab.swap_report(clip, lab.path("none.mkv"), *gamma)
    assert frame_hashes(lab.path("disk.mkv")) == frame_hashes(lab.path("none.mkv"))


def test_a_killed_run_loses_nothing_it_had(lab):
    """The one to be killed gets half of the clip and waits for the rest."""
    clip = make_clip(lab.path("clip.mkv"), n_frames=40, codec=["-c:v", "ffv1"])
    data = pathlib.Path(clip).read_bytes()
    command = lab.swap_command(
        "pipe:0", lab.path("dead.mkv"), *LOSSLESS_OUT, *disk_args(lab), "--threads", "1")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdin.write(data[:len(data) // 2])
        process.stdin.flush()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            had = stat(lab)
            if had and had["stages"].get("swap", {}).get("entries", 0) >= 5:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    n_had = stat(lab)["stages"]["swap"]["entries"]
    assert 5 <= n_had < 40, n_had
    assert cache(lab, "verify").returncode == 0
    report = lab.swap_report(clip, lab.path("out.mkv"), *LOSSLESS_OUT, *disk_args(lab))
    assert report["frames"] == 40
    assert report["stages"]["swap"]["runs"] == 40 - n_had, (n_had, report["stages"])
    lab.swap_report(clip, lab.path("plain.mkv"), *LOSSLESS_OUT)
    assert frame_hashes(lab.path("out.mkv")) == frame_hashes(lab.path("plain.mkv"))


def test_damage_costs_time_only(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=6)
    out = lab.path("out.mkv")
    lab.swap_report(clip, out, *LOSSLESS_OUT, *disk_args(lab))
    expected = frame_hashes(out)
    for segment in segments(lab):
        data = bytearray(segment.read_bytes())
        for i in range(100, len(data), 50000):
            data[i] ^= 16
        segment.write_bytes(data)
    done = cache(lab, "verify")
    assert done.returncode == 4 and "record fails its checksum" in done.stdout, done.stdout
    assert json.loads(cache(lab, "verify", "--json").stdout)["damaged"] > 0
    report = lab.swap_report(clip, out, *LOSSLESS_OUT, *disk_args(lab))
    assert frame_hashes(out) == expected
    assert report["disk"]["damaged"] > 0 and runs(report) > 0
    os.truncate(segments(lab)[0], segments(lab)[0].stat().st_size // 2)
    assert cache(lab, "verify").returncode == 4
    lab.swap_report(clip, out, *LOSSLESS_OUT, *disk_args(lab))
    assert frame_hashes(out) == expected
    report = lab.swap_report(clip, out, *LOSSLESS_OUT, *disk_args(lab))
    assert runs(report) == 0, report["stages"]


def test_a_folder_that_is_not_to_be_had(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=2)
    done = lab.swap(clip, lab.path("out.mkv"), "--disk-cache-size", "64M", "--cache-dir",
                    "/dev/null/cache")
    assert done.returncode == 0, done.stderr
    assert "going on without the disk cache" in done.stderr, done.stderr
    # Why it could not be made is told, not that it is missing then. Nobody makes folders in /sys.
    done = lab.swap(clip, lab.path("out.mkv"), "--disk-cache-size", "64M", "--cache-dir", "/sys/memoface")
    assert done.returncode == 0 and re.search(r"cannot make the cache: (Operation not|Permission|Read-only)",
                                              done.stderr), done.stderr
    done = cache(lab, "stat")
    assert done.returncode == 3 and "there is no cache" in done.stderr, done.stderr


def test_cache_command(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=3)
    assert cache(lab, "stat").returncode == 3
    lab.swap_report(clip, lab.path("out.mkv"), *LOSSLESS_OUT, *disk_args(lab))
    found = stat(lab)
    assert found["stages"]["swap"]["entries"] == 3 and found["segments_unsealed"] == 0, found
    assert found["bytes"] > found["stages"]["swap"]["bytes"] > 3 * 5 * 224 * 224 - 1
    assert "swap" in cache(lab, "stat").stdout
    keep = pathlib.Path(lab.path("cache"), "results", "keep.txt")
    keep.write_text("not ours")
    assert cache(lab, "clear").returncode == 0
    assert not segments(lab) and keep.read_text() == "not ours"
    assert stat(lab)["entries"] == 0
    pathlib.Path(lab.path("cache"), "results", "memoface-cache").unlink()
    for action in ("stat", "verify", "clear"):
        assert cache(lab, action).returncode == 4, action
    assert cache(lab, "melt").returncode == 2
