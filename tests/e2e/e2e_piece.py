"""--start and --end: a piece of a video."""

import json
import os
import pathlib
import subprocess

from e2e_mistakes import expect
from media import ffmpeg, frame_times, leftovers, make_clip, streams

N_FRAMES = 20  # at 30 a second, none like another
PIECE = ["--start", "0.2", "--end", "0:00.5"]
N_PIECE = 9


def swap(lab, source, target, *args):
    return lab.swap(source, target, "--cache-dir", "none", *args)


def test_a_piece_and_then_the_whole(lab):
    """What the piece computed is not computed again."""
    clip = make_clip(lab.path("clip.mkv"), n_frames=N_FRAMES)
    kept = ["--cache-dir", lab.path("cache"), "--disk-cache-size", "64M", "--detect-every", "1"]
    sidecar = pathlib.Path(lab.path("side.json"))
    report = lab.swap_report(clip, lab.path("piece.mkv"), *kept, *PIECE, "--sidecar", str(sidecar))
    assert report["frames"] == report["stages"]["swap"]["runs"] == N_PIECE, report
    assert report["stages"]["detect"]["runs"] == N_PIECE, report["stages"]
    assert (report["start_s"], report["end_s"]) == (0.2, 0.5), report
    said = json.loads(sidecar.read_text())
    assert (said["start_s"], said["end_s"]) == (0.2, 0.5), said
    assert frame_times(lab.path("piece.mkv")) == [round(i / 30, 3) for i in range(N_PIECE)]
    report = lab.swap_report(clip, lab.path("whole.mkv"), *kept)
    assert report["frames"] == N_FRAMES and "start_s" not in report and "end_s" not in report
    assert report["stages"]["swap"]["runs"] == N_FRAMES - N_PIECE, report["stages"]["swap"]
    assert report["disk"]["hits"] >= N_PIECE, report["disk"]


def test_sound_is_cut_alike(lab):
    clip, out = lab.path("clip.mp4"), lab.path("out.mp4")
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=96x64:r=25:d=2", "-f", "lavfi", "-i", "sine=d=2", "-bf", 3,
           "-g", 12, "-pix_fmt", "yuv420p", "-c:a", "aac", clip)
    done = swap(lab, clip, out, "--start", "0.52", "--end", "1.5")
    assert done.returncode == 0, done.stderr
    assert "25/25 frames" in done.stderr, done.stderr
    picture, sound = streams(out)
    assert picture["start_time"] == "0.000000" and picture["nb_frames"] == "25", picture
    assert float(sound["start_time"]) == 0, sound
    assert abs(float(sound["duration"]) - 1) < 0.03, sound


def test_several_inputs_are_cut_alike(lab):
    a, b = (make_clip(lab.path(name), n_frames=N_FRAMES) for name in ("a.mkv", "b.mkv"))
    report = lab.path("report.json")
    done = subprocess.run([lab.memoface, "swap", "-m", lab.model, "-o", lab.path("out"), a, b, *PIECE,
                           "--report", report], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    jobs = json.loads(pathlib.Path(report).read_text())["jobs"]
    assert [job["report"]["frames"] for job in jobs] == [N_PIECE, N_PIECE], jobs


def test_dry_run_and_plan_know_the_piece(lab):
    clip, plan = make_clip(lab.path("clip.mkv"), n_frames=N_FRAMES), lab.path("plan.json")
    done = swap(lab, clip, lab.path("out.mkv"), *PIECE, "--dry-run")
    assert done.returncode == 0 and f"{N_PIECE} frames, from 0.2 s, to 0.5 s" in done.stdout, done
    make = [lab.memoface, "plan", "-i", clip, "-m", lab.model, "--cache-dir", "none", "--seconds", "1"]
    done = subprocess.run([*make, *PIECE, "--save", plan], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert f"from 0.2 s to 0.5 s: {N_PIECE} frames" in done.stdout, done.stdout
    said = json.loads(pathlib.Path(plan).read_text())
    assert (said["start_s"], said["end_s"], said["frames"]) == (0.2, 0.5, N_PIECE), said
    expect(swap(lab, clip, lab.path("out.mkv"), "--plan", plan), 2, "another piece")
    expect(swap(lab, clip, lab.path("out.mkv"), "--plan", plan, "--start", "0.2"), 2, "another piece")
    assert swap(lab, clip, lab.path("out.mkv"), "--plan", plan, *PIECE, "--dry-run").returncode == 0
    expect(subprocess.run([*make, "--start", "9"], capture_output=True, text=True), 2, "no frame at 9 s")


def test_a_recording_ends(lab):
    clip, out = make_clip(lab.path("clip.mkv"), n_frames=N_FRAMES), lab.path("out.mkv")
    done = swap(lab, f"movie={clip}:loop=0,setpts=N/30/TB", out, "-f", "lavfi", "--end", "0.9")
    assert done.returncode == 0, done.stderr
    assert len(frame_times(out)) == 27, frame_times(out)


def test_pieces_that_are_none(lab):
    clip, out = make_clip(lab.path("clip.mkv"), n_frames=3), lab.path("out.mkv")
    picture, folder = lab.path("f_1.png"), lab.path("folder")
    ffmpeg("-i", clip, "-frames:v", 1, picture)
    os.mkdir(folder)
    os.link(picture, folder + "/f_1.png")
    for source, args, word in (
            (clip, ["--start", "2", "--end", "1"], "--end 1 s is not after the start, 2 s"),
            (clip, ["--end", "0"], "--end 0 s"),
            (clip, ["--end=1m"], "'1m' is no time"),
            (clip, ["--start", "300000:00:00"], "start and end are"),
            (clip, ["--start", "5"], "no frame at 5 s or later: it ends at 0.10 s"),
            (clip, ["--start", "0.04", "--end", "0.05"], "no frame from 0.04 s to 0.05 s"),
            (picture, ["--start", "1"], "for videos, not for images"),
            (folder, ["--start", "1"], "for videos, not for images"),
            ("udp://127.0.0.1:9", ["--start", "1"], "an end but no start")):
        done = swap(lab, source, out, *args)
        expect(done, 2, word)
        assert len(done.stderr.splitlines()) == 1, done.stderr
    assert not leftovers(lab.folder, ["clip.mkv", "f_1.png", "folder"])
