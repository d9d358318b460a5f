"""What the program says: help, report, provenance, detect, info, graph."""

import json
import pathlib
import subprocess

from media import ASTRONAUT, frame_hashes, make_clip, probe, sha256

REPORT_KEYS = {
    "frames", "faces", "wall_s", "fps", "cpu_s", "cpu_percent", "cpu_ms_per_frame",
    "peak_rss_bytes", "latency_ms", "cache", "stages", "settings", "model", "version",
}
CACHE_KEYS = {
    "limit_bytes", "used_bytes", "peak_bytes", "hits", "misses", "hit_rate", "evictions",
    "eviction_rate", "saved_ms",
}
STAGE_KEYS = {"demands", "hits", "runs", "ms_total", "ms_p50", "ms_p95", "bytes", "bypassed",
              "bypassed_demands"}
GOVERNOR_KEYS = {"user_limit_bytes", "shrinks", "grows", "reason", "memory_used"}
SOURCE_TYPE = "compositeWithTrainedAlgorithmicMedia"


def run(lab, *args):
    return subprocess.run([lab.memoface, *args], capture_output=True, text=True, timeout=120)


def test_report_has_the_stable_keys(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=5)
    report = lab.swap_report(clip, lab.path("out.mkv"), "--mask-blur", "30")
    assert REPORT_KEYS <= set(report), REPORT_KEYS - set(report)
    assert CACHE_KEYS <= set(report["cache"]), report["cache"]
    assert GOVERNOR_KEYS <= set(report["cache"]["governor"])
    assert report["cache"]["limit_bytes"] <= report["cache"]["governor"]["user_limit_bytes"]
    assert {"p50", "p95", "p99"} <= set(report["latency_ms"])
    for name in ("detect", "mark", "align", "pre", "swap", "post", "merge"):
        assert STAGE_KEYS <= set(report["stages"][name]), name
    assert report["settings"]["mask-blur"] == 30
    assert report["model"]["sha256"] == sha256(lab.model)
    assert report["model"]["resolution"] in (224, [224, 224])
    assert report["frames"] == 5 and report["fps"] > 0 and report["cpu_s"] > 0


def test_trace(lab):
    """What is recorded is what was done; the format is checked where traces are read."""
    clip = make_clip(lab.path("clip.mkv"), n_frames=5)
    trace = pathlib.Path(lab.path("jobs.trace"))
    report = lab.swap_report(clip, lab.path("out.mkv"), "--record-trace", trace)
    lines = trace.read_text().splitlines()
    assert lines[0] == "memoface-trace 1"
    count = {word: sum(line.startswith(word + " ") for line in lines)
             for word in ("job", "frame", "face", "result swap")}
    assert count == {"job": 1, "frame": 5, "face": report["faces"],
                     "result swap": report["stages"]["swap"]["runs"]}, count
    again = lab.swap(clip, lab.path("new.mkv"), "--record-trace", clip)
    assert again.returncode == 2, "the input would have been overwritten"


def test_monitor_line_and_summary(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=5)
    done = lab.swap(clip, lab.path("out.mkv"))
    assert "RAM Cache: " in done.stderr and " | Hit Rate: " in done.stderr
    assert " | CPU: " in done.stderr and " | FPS: " in done.stderr
    assert "Done: 5 frames" in done.stderr
    quiet = lab.swap(clip, lab.path("out.mkv"), "--quiet")
    assert quiet.returncode == 0 and quiet.stderr == "" and quiet.stdout == ""


def test_faces_that_do_not_show_are_told(lab):
    """A crop of 16 pixels has no room for the default mask-blur: nothing of the mask is left."""
    clip = make_clip(lab.path("clip.mkv"), n_frames=3)
    report = lab.path("report.json")
    for args in (["--resolution", "16"], ["--opacity", "0"], ["--resolution", "16", "--cache-size", "0"]):
        done = lab.swap(clip, lab.path("out.mkv"), "--encoder", "ffv1", "--report", report, *args)
        figures = json.loads(pathlib.Path(report).read_text())
        assert figures["faces"] == figures["faces_hidden"] == 3, figures
        assert "3 faces do not show" in done.stderr and "mask-blur" in done.stderr, done.stderr
        assert frame_hashes(lab.path("out.mkv")) == frame_hashes(clip)
    # A frame that comes again is served from the cache, and shows as little.
    twice = [clip, clip, "-o", lab.path("twice"), "--opacity", "0", "--report", report, "-y"]
    subprocess.run([lab.memoface, "swap", "-m", lab.model, "--precision", "f32", *twice], check=True,
                   capture_output=True)
    second = json.loads(pathlib.Path(report).read_text())["jobs"][1]["report"]
    assert second["cache"]["hit_rate"] == 1 and second["faces_hidden"] == 3, second
    done = lab.swap(clip, lab.path("out.mkv"), "--report", report)
    assert json.loads(pathlib.Path(report).read_text())["faces_hidden"] == 0
    assert "not show" not in done.stderr


def test_provenance(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=2)
    for name in ("out.mkv", "out.mp4"):
        sidecar = lab.path("side.json")
        lab.swap_report(clip, lab.path(name), "--sidecar", sidecar)
        text = json.dumps(probe(lab.path(name), "-show_format")["format"]["tags"])
        for word in (SOURCE_TYPE, "memoface", sha256(lab.model)):
            assert word in text, (name, word, text)
        side = pathlib.Path(sidecar).read_text()
        json.loads(side)
        assert SOURCE_TYPE in side and sha256(lab.model) in side
    lab.swap_report(clip, lab.path("out.mkv"), "--provenance", "off")
    assert SOURCE_TYPE not in json.dumps(probe(lab.path("out.mkv"), "-show_format"))


def test_detect(lab):
    drawn = lab.path("drawn.png")
    done = run(lab, "detect", "-i", str(ASTRONAUT), "-o", drawn, "--json")
    assert done.returncode == 0, done.stderr
    done = run(lab, "detect", "-i", str(ASTRONAUT), "-o", drawn)
    assert done.returncode == 2 and "drawn.png exists already" in done.stderr, done.stderr
    done = run(lab, "detect", "-i", str(ASTRONAUT), "-o", drawn, "--json", "-y")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["width"] == 512 and len(found["faces"]) == 1, found
    face = found["faces"][0]
    assert len(face["points"]) == 68 and len(face["crop"]) == 4
    left, top, right, bottom = face["box"]
    assert 150 < (left + right) / 2 < 290 and 40 < (top + bottom) / 2 < 200, face["box"]
    # The eyes of the picture, by eye: 203,100 and 246,103.
    eyes = [sum(p[k] for p in face["points"][a:b]) / 6 for a, b in ((36, 42), (42, 48))
            for k in (0, 1)]
    assert all(abs(got - want) < 4 for got, want in zip(eyes, (203, 100, 246, 103))), eyes
    assert pathlib.Path(drawn).stat().st_size > 10000


def test_detect_nothing(lab):
    blank = lab.path("blank.png")
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=gray:size=300x200",
                    "-frames:v", "1", blank], check=True)
    done = run(lab, "detect", "-i", blank)
    assert done.returncode == 0 and "no face" in done.stdout


def test_info_and_graph(lab):
    done = run(lab, "info", lab.model)
    assert done.returncode == 0 and "224" in done.stdout and sha256(lab.model) in done.stdout
    assert json.loads(run(lab, "info", lab.model, "--json").stdout)
    assert run(lab, "info", lab.path("missing.dfm")).returncode == 3
    done = run(lab, "graph")
    assert done.returncode == 0
    for stage in ("decode", "detect", "mark", "align", "pre", "swap", "post", "merge", "encode"):
        assert stage in done.stdout, stage
    assert json.loads(run(lab, "graph", "--json").stdout)


def test_help(lab):
    for command in ("swap", "detect", "info", "graph", "cache"):
        done = run(lab, command, "--help")
        assert done.returncode == 0 and f"memoface {command}" in done.stdout
    text = run(lab, "swap", "--help").stdout
    for word in ("--cache-size", "[2G]", "Examples:", "--post-gamma-red", "Exit codes"):
        assert word in text, word
    assert run(lab, "--version").stdout.startswith("memoface ")
    assert run(lab, "--help").returncode == 0
