"""What the program says of a running job and of a finished one: monitor, advice, indicators."""

import json

from media import make_clip
from running import Running

N_DIFFERENT, N_ROUNDS = 6, 7
INDICATORS = {"cpu", "fps", "hit_rate", "stable", "memory_errors"}
ADVICE_KEYS = {"name", "trouble", "cause", "solution", "action"}


def looped(lab):
    """Input in which every frame comes seven times."""
    make_clip(lab.path("once.mkv"), n_frames=N_DIFFERENT)
    return (f"movie={lab.path('once.mkv')},loop=loop={N_ROUNDS - 1}:size={N_DIFFERENT}:start=0,"
            "setpts=N/30/TB")


def names(report):
    """What content and budgets decide; the machine's own troubles may come on top."""
    return {advice["name"] for advice in report["advice"]} - {"high-memory", "high-cpu"}


def test_advice_and_indicators(lab):
    clip = looped(lab)
    cached = lab.swap_report(clip, lab.path("out.mkv"), "-f", "lavfi")
    n_frames = N_DIFFERENT * N_ROUNDS
    assert cached["frames_repeated"] == n_frames - N_DIFFERENT, cached["frames_repeated"]
    assert names(cached) == set() and cached["tuned"] == [], cached["advice"]
    signs = cached["indicators"]
    assert set(signs) == INDICATORS and all(sign["measured"] for sign in signs.values())
    assert signs["hit_rate"]["met"] and signs["hit_rate"]["value"] > 85, signs
    assert signs["fps"]["met"] == (signs["fps"]["value"] > 25)
    report = lab.path("off.json")
    done = lab.swap(clip, lab.path("out.mkv"), "-f", "lavfi", "--cache-size", "0", "--report", report)
    assert done.returncode == 0, done.stderr
    off = json.loads(open(report).read())
    assert names(off) == {"low-hit-rate"}, off["advice"]
    for advice in off["advice"]:
        assert ADVICE_KEYS <= set(advice) and all(advice.values()), advice
        assert advice["action"] in done.stderr, done.stderr
    assert "not met      hit rate above 70%: 0%" in done.stderr, done.stderr


def test_what_cannot_hit_is_explained(lab):
    clip = make_clip(lab.path("new.mkv"), n_frames=32, size=(320, 288))
    report = lab.swap_report(clip, lab.path("out.mkv"))
    assert report["frames_repeated"] == 0 and names(report) == set(), report["advice"]
    assert "100% of the frames were new" in report["note"], report["note"]
    blank = lab.swap_report("color=gray:size=320x200:duration=0.2", lab.path("out.mkv"), "-f", "lavfi")
    sign = blank["indicators"]["hit_rate"]
    assert (sign["measured"], sign["met"], sign["value"]) == (False, None, None), sign


def test_monitor_modes(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=5)

    def swap(*args):
        done = lab.swap(clip, lab.path("out.mkv"), *args)
        assert done.returncode == 0, done.stderr
        return done

    done = swap("--monitor", "json", "--quiet", "--report", lab.path("report.json"))
    assert done.stderr == ""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    report = json.loads(open(lab.path("report.json")).read())
    last = lines[-1]
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    assert last["frames"] == report["frames"] == 5 and last["eta_s"] == 0, last
    for key in ("limit_bytes", "used_bytes", "evictions", "rejected"):
        assert last["cache"][key] == report["cache"][key], key
    assert last["stages"]["swap"]["runs"] == report["stages"]["swap"]["runs"]
    full = swap("--monitor", "full").stderr
    assert "RAM Cache: " in full and "Evictions: " in full and "ms: " in full and "ETA 0:00" in full
    line = swap("--monitor", "line").stderr
    assert "RAM Cache: " in line and "Evictions: " not in line
    off = swap("--monitor", "off").stderr
    assert "RAM Cache: " not in off and "Done: 5 frames" in off
    for args in (["--monitor", "loud"], ["--monitor", "json", "--report", "-"]):
        refused = lab.swap(clip, lab.path("new.mkv"), *args)
        assert refused.returncode == 2 and "--monitor" in refused.stderr, refused.stderr


def test_the_dashboard_has_the_advice(lab):
    with Running(lab, "--cache-size", "0") as job:
        stats = job.wait_for(lambda stats: names(stats))
        assert names(stats) == {"low-hit-rate"}
        assert all(ADVICE_KEYS <= set(advice) for advice in stats["advice"])
    assert "Advice: the hit rate is low" in job.log, job.log
