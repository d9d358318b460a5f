"""Several inputs in one command, and --dry-run."""

import json
import os
import pathlib
import signal
import subprocess

from e2e_mistakes import expect
from media import frame_hashes, frame_times, leftovers, make_clip


def swap(lab, *args):
    return subprocess.run([lab.memoface, "swap", "-m", lab.model, "--precision", "f32", *args],
                          capture_output=True, text=True, errors="replace", timeout=300)


def table(stderr):
    """The rows of the summary: {input: (frames, faces, fps, hit rate, status)}."""
    lines = stderr.split("hit rate  status\n")[1].splitlines()
    return {line.split()[0]: line.split(maxsplit=5)[1:] for line in lines}


def test_one_session_for_all(lab):
    a = make_clip(lab.path("a.mkv"), n_frames=6)
    (lab.folder / "other").mkdir()
    b = lab.path("other/a.mkv")  # the same clip, and the same name
    pathlib.Path(b).write_bytes(pathlib.Path(a).read_bytes())
    out = lab.path("out")
    done = swap(lab, "-i", a, "-i", b, "-o", out, "--report", lab.path("report.json"))
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(out)) == ["a-swapped-2.mkv", "a-swapped.mkv"]
    assert frame_hashes(out + "/a-swapped.mkv") == frame_hashes(out + "/a-swapped-2.mkv")
    rows = table(done.stderr)
    assert rows[a][0] == "6" and rows[a][4].startswith("done"), rows
    assert rows[b][3] == "100%", rows  # the first taught the second
    jobs = json.loads(pathlib.Path(lab.path("report.json")).read_text())["jobs"]
    assert [job["input"] for job in jobs] == [a, b]
    assert jobs[1]["report"]["stages"]["swap"]["runs"] == 0
    assert jobs[1]["output"] == out + "/a-swapped-2.mkv" and jobs[1]["status"] == "done"
    single = lab.path("single.mkv")
    assert swap(lab, "-i", a, "-o", single).returncode == 0
    assert frame_hashes(single) == frame_hashes(out + "/a-swapped.mkv")


def test_a_failure_does_not_stop_the_others(lab):
    clip = make_clip(lab.path("good.mkv"), n_frames=3)
    text = lab.path("text.mp4")
    pathlib.Path(text).write_text("no video\n" * 50)
    missing = lab.path("missing.mp4")
    out = lab.path("out")
    done = swap(lab, "-o", out, missing, text, clip, "--report", lab.path("report.json"))
    assert done.returncode == 3, done.stderr  # of the first failure
    assert os.listdir(out) == ["good-swapped.mkv"]
    assert len(frame_times(out + "/good-swapped.mkv")) == 3
    rows = table(done.stderr)
    assert rows[missing][0] == "0" and "done" not in rows[missing][4], rows
    assert rows[clip][4].startswith("done"), rows
    jobs = json.loads(pathlib.Path(lab.path("report.json")).read_text())["jobs"]
    assert [job["report"] is None for job in jobs] == [True, True, False]
    assert swap(lab, "-o", out, "-y", text, clip).returncode == 4


def test_nothing_is_overwritten_unasked(lab):
    a, b = (make_clip(lab.path(name), n_frames=2) for name in ("a.mkv", "b.mkv"))
    out = lab.path("out")
    os.mkdir(out)
    pathlib.Path(out, "a-swapped.mkv").write_text("precious")
    done = swap(lab, "-o", out, a, b)
    assert done.returncode == 2, done.stderr
    assert pathlib.Path(out, "a-swapped.mkv").read_text() == "precious"
    assert "b-swapped.mkv" in os.listdir(out)
    # Not even when asked, where the file is one of the inputs.
    os.rename(lab.path("b.mkv"), lab.path("a-swapped.mkv"))
    before = pathlib.Path(lab.path("a-swapped.mkv")).read_bytes()
    done = swap(lab, "-y", "-o", str(lab.folder), a, lab.path("a-swapped.mkv"))
    assert done.returncode == 0, done.stderr
    assert pathlib.Path(lab.path("a-swapped.mkv")).read_bytes() == before
    assert os.path.exists(lab.path("a-swapped-2.mkv"))


def test_reports_replace_nothing_unasked(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=1)
    report = pathlib.Path(lab.path("figures.json"))
    for inputs, output in (([clip], "out.mkv"), ([clip, clip], "out")):
        report.write_text("precious")
        done = swap(lab, *inputs, "-o", lab.path(output), "--report", str(report))
        expect(done, 2, "figures.json exists already", "-y")
        assert report.read_text() == "precious" and not os.path.exists(lab.path(output))
        done = swap(lab, *inputs, "-o", lab.path(output), "--report", str(report), "-y")
        assert done.returncode == 0 and json.loads(report.read_text()), done.stderr
        report.write_text("")  # as mktemp leaves it
        os.rename(lab.path(output), lab.path("old-" + output))
        done = swap(lab, *inputs, "-o", lab.path(output), "--report", str(report))
        assert done.returncode == 0 and json.loads(report.read_text()), done.stderr


def test_names_that_are_no_text(lab):
    """Names of files are bytes, JSON is UTF-8."""
    clip = os.fsencode(make_clip(lab.path("clip.mkv"), n_frames=1))
    odd = os.fsencode(lab.path("caf")) + b"\xe9.mkv"
    os.rename(clip, odd)
    model = os.fsencode(lab.path("mod")) + b"\xff.dfm"
    os.symlink(lab.model, model)
    report = pathlib.Path(lab.path("report.json"))
    done = swap(lab, "-m", model, odd, odd, "-o", lab.path("out"), "--report", str(report))
    assert done.returncode == 0, done.stderr
    jobs = json.loads(report.read_bytes().decode())["jobs"]
    assert jobs[0]["input"] == lab.path("caf\ufffd.mkv"), jobs[0]
    assert jobs[1]["output"] == lab.path("out/caf\ufffd-swapped-2.mkv"), jobs[1]
    assert jobs[0]["report"]["model"]["path"].endswith("mod\ufffd.dfm"), jobs[0]["report"]["model"]
    assert sorted(os.listdir(os.fsencode(lab.path("out")))) == [
        b"caf\xe9-swapped-2.mkv", b"caf\xe9-swapped.mkv"]


def test_what_cannot_go_together(lab):
    a, b = (make_clip(lab.path(name), n_frames=1) for name in ("a.mkv", "b.mkv"))
    expect(swap(lab, a, b, "-o", a), 2, "a.mkv", "folder")
    expect(swap(lab, a, b, "-o", lab.path("out"), "--sidecar", lab.path("s.json")), 2, "sidecar")
    expect(swap(lab, a, b, "-o", lab.path("no/such/folder")), 3, "no/such/folder")
    # A word behind a switch is another input, and no folder is made of the file that was meant.
    expect(swap(lab, a, "-o", lab.path("out.mp4"), "--parallel", "maybe"), 2, "out.mp4", "maybe")
    assert not leftovers(lab.folder, ["a.mkv", "b.mkv"])


def test_interrupt_ends_all(lab):
    clip = make_clip(lab.path("long.mkv"), n_frames=600, codec=["-c:v", "libx264"])
    code, stderr = lab.interrupt_under_way(
        [lab.memoface, "swap", "-m", lab.model, "-o", lab.path("out"), "--cache-size", "0", clip,
         clip], signal.SIGINT)
    assert code == 130, (code, stderr)
    assert "not started" in stderr, stderr
    assert os.listdir(lab.path("out")) == ["long-swapped.mkv"]


def snapshot(*folders):
    return {path: path.stat().st_mtime_ns for folder in folders
            for path in pathlib.Path(folder).rglob("*")}


def test_dry_run_writes_nothing(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=3)
    kept = os.environ["XDG_CACHE_HOME"]
    before = snapshot(lab.folder, kept)
    for args in (["-i", clip, "-o", lab.path("out.mp4")],
                 ["-i", clip, "-o", lab.path("frames") + "/"],
                 ["-i", clip, "-o", lab.path("out.mkv"), "--report", lab.path("r.json"),
                  "--sidecar", lab.path("s.json"), "--disk-cache-size", "64M"],
                 [clip, clip, "-o", lab.path("out")]):
        done = swap(lab, *args, "--dry-run")
        assert done.returncode == 0, (args, done.stderr)
        for word in ("400×360", "224×224", "clip.mkv", args[-1] if args[-2] == "-o" else ""):
            assert word in done.stdout, (word, done.stdout)
        assert snapshot(lab.folder, kept) == before, args


def test_dry_run_finds_what_a_run_would(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=3)
    taken = lab.path("taken.mkv")
    pathlib.Path(taken).write_text("precious")
    text = lab.path("text.mp4")
    pathlib.Path(text).write_text("no video\n" * 50)
    out = lab.path("out.mkv")
    for args, code, word in (
            (["-i", lab.path("missing.mp4"), "-o", out], 3, "missing.mp4"),
            (["-i", text, "-o", out], 4, "text.mp4"),
            (["-i", clip, "-o", taken], 2, "taken.mkv"),
            (["-i", clip, "-o", clip], 2, "clip.mkv"),
            (["-i", clip, "-o", lab.path("no/out.mkv")], 3, "out.mkv"),
            (["-i", clip, "-o", lab.path("out.nosuch")], 5, "out.nosuch"),
            (["-i", clip, "-o", lab.path("out.png")], 2, "out.png"),
            (["-i", clip, "-o", out, "--encoder", "nosuch"], 5, "nosuch"),
            (["-i", clip, "-o", out, "--speed", "nosuch"], 2, "nosuch"),
            (["-i", clip, "-o", out, "--report", lab.path("no/r.json")], 6, "r.json"),
            (["-i", clip, "-o", out, "--mask-blur", "401"], 2, "mask-blur")):
        done = swap(lab, *args, "--dry-run")
        assert done.returncode == code, (args, done.returncode, done.stderr)
        assert word in done.stderr, (args, done.stderr)
    done = swap(lab, "-m", text, "-i", clip, "-o", out, "--dry-run")
    assert done.returncode == 4, done.stderr
