"""Settings as a user meets them: --print-config, configuration files and their mistakes, doctor."""

import json
import os
import pathlib
import subprocess

from e2e_mistakes import expect
from media import ASTRONAUT, make_clip, video

# The guide's values: cache size, pre-cache, post-cache, parallel.
GUIDE = {
    ("--preset", "8gb"): ("1G", "on", "on", "off"),
    ("--preset", "16gb"): ("2G", "on", "on", "on"),
    ("--preset", "32gb"): ("4G", "on", "on", "on"),
    ("--profile", "conservative"): ("1G", "on", "off", "on"),
    ("--profile", "balanced"): ("2G", "on", "on", "on"),
    ("--profile", "aggressive"): ("4G", "on", "on", "on"),
}
USE_CASES = {"streaming": (1, 2), "recording": (2, 4), "batch": (4, 8)}  # GB
KEYS = ("cache-size", "pre-cache", "post-cache", "parallel")


def run(lab, *args, **kwargs):
    return subprocess.run([lab.memoface, *map(str, args)], capture_output=True, text=True,
                          timeout=60, **kwargs)


def printed(lab, *args):
    """{key: (value, origin)} of --print-config."""
    done = run(lab, "swap", "--print-config", *args)
    assert done.returncode == 0 and not done.stderr, (done.returncode, done.stderr)
    values = {}
    for line in done.stdout.splitlines():
        if line.strip() and not line.startswith("#"):
            text, origin = line.split("   # ")
            key, value = text.split(" = ")
            values[key] = (value.strip(), origin)
    return values


def write(lab, name, data):
    path = pathlib.Path(lab.path(name))
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


def test_starting_points(lab):
    for choice, wanted in GUIDE.items():
        values = printed(lab, *choice)
        assert tuple(values[key][0] for key in KEYS) == wanted, (choice, values)
        assert values["cache-size"][1] == " ".join(choice)[2:], values["cache-size"]
    for name, (least, most) in USE_CASES.items():
        for preset in ("none", "8gb", "16gb", "32gb"):
            values = printed(lab, "--use-case", name, "--preset", preset)
            size, origin = values["cache-size"]
            assert least <= int(size.rstrip("G")) <= most, (name, preset, size)
            assert origin == f"use-case {name}"


def test_layers(lab):
    """One place more at a time, each overruling those before it."""
    conf = write(lab, "a.conf", "cache-size = 5G\n[conservative]\ncache-size = 6G\n")
    section = write(lab, "b.conf", "opacity = 0.5\n")
    steps = [
        (["--config", "none"], "2G", "default"),
        (["--preset", "32gb"], "4G", "preset 32gb"),
        (["--use-case", "streaming"], "2G", "use-case streaming"),
        (["--profile", "conservative"], "1G", "profile conservative"),
        (["--config", conf], "6G", f"{conf}:3 [conservative]"),
        (["--cache-size", "7G"], "7G", "command line"),
    ]
    args = []
    for more, size, origin in steps:
        args += more
        assert printed(lab, *args)["cache-size"] == (size, origin), (args, size)
    assert printed(lab, "--preset", "32gb", "--profile", "balanced", "--config", conf)["cache-size"] \
        == ("5G", f"{conf}:1")
    assert printed(lab, "--config", section)["opacity"] == ("0.5", f"{section}:1")


def test_own_file_and_reading_back(lab):
    home = pathlib.Path(os.environ["XDG_CONFIG_HOME"]) / "memoface"
    home.mkdir()
    (home / "memoface.conf").write_text("mask-blur = 31\nprofile = night\n"
                                        "[night]\nuse-case = batch  # much\n")
    values = printed(lab, "--cache-dir", "/a b/#1")
    assert values["mask-blur"] == ("31", f"{home}/memoface.conf:1"), values["mask-blur"]
    assert values["disk-cache-size"] == ("8G", "use-case batch")
    text = run(lab, "swap", "--print-config", "--cache-dir", "/a b/#1").stdout
    again = printed(lab, "--config", write(lab, "again.conf", text))
    assert {k: v[0] for k, v in again.items() if k != "profile"} == \
        {k: v[0] for k, v in values.items() if k != "profile"}
    assert printed(lab, "--config", "none")["mask-blur"] == ("25", "default")


def test_the_file_counts_in_a_job(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=2)
    conf = write(lab, "a.conf", "mask-blur = 31\nencoder = ffv1\n[fast]\nencoder = libx264\n")
    report = lab.swap_report(clip, lab.path("out.mkv"), "--config", conf)
    assert report["settings"]["mask-blur"] == 31
    assert video(lab.path("out.mkv"))["codec_name"] == "ffv1"
    lab.swap_report(clip, lab.path("out.mkv"), "--config", conf, "--profile", "fast")
    assert video(lab.path("out.mkv"))["codec_name"] == "h264"
    lab.swap_report(clip, lab.path("out.mkv"), "--config", conf, "-c", "mpeg4")
    assert video(lab.path("out.mkv"))["codec_name"] == "mpeg4"


def x264_options(path):
    """What x264 wrote into its stream: a slower preset shows as more reference frames."""
    data = pathlib.Path(path).read_bytes()
    at = data.index(b"x264 - core")
    return data[at:at + 900].split(b"\0")[0].decode("latin-1")


def test_use_cases_choose_the_encoder_speed(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=2)
    for args, wanted in ((["--use-case", "streaming"], "cabac=0 "),  # ultrafast only
                         (["--use-case", "recording"], "ref=3 "),  # medium
                         ([], "ref=1 "),  # veryfast
                         (["--use-case", "streaming", "--speed", "medium"], "ref=3 ")):
        lab.swap_report(clip, lab.path("out.mkv"), "--cache-size", "64M", "--disk-cache-size", "0",
                        *args)
        options = x264_options(lab.path("out.mkv"))
        assert wanted in options, (args, options)


def test_options_of_ffmpeg(lab):
    """A camera's, or of raw pictures, and an encoder's, from a profile and from the command line."""
    clip = make_clip(lab.path("clip.mkv"), n_frames=3)
    raw = lab.path("clip.yuv")
    shape = video(clip)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", clip, "-pix_fmt", "yuv420p", raw], check=True)
    conf = write(lab, "cam.conf",
                 f"[cam]\ninput-options = video_size={shape['width']}x{shape['height']}:framerate=5\n")
    lab.swap_report(raw, lab.path("out.mkv"), "-f", "rawvideo", "--config", conf, "--profile", "cam",
                    "--encoder-options", "b=250k:g=9")
    assert video(lab.path("out.mkv"))["r_frame_rate"] == "5/1"
    options = x264_options(lab.path("out.mkv"))
    assert "keyint=9 " in options and "bitrate=250 " in options, options
    expect(lab.swap(clip, lab.path("out2.mkv"), "--encoder-options", "tun=1"), 2, "'tun'")
    assert not os.path.exists(lab.path("out2.mkv"))


def test_bad_files(lab):
    """One clear line and a documented exit code each; long before anything is opened."""
    cases = [
        ("cache-sise = 2G\n", 2, ["a.conf:1", "cache-sise", "cache-size?"]),
        ("opacity = 0.5\nopacity2 = 7\n", 2, ["a.conf:2", "opacity2"]),
        ("mask-blur = 401\n", 2, ["a.conf:1", "mask-blur", "'401'", "0..400"]),
        ("color-transfer = idt\n", 2, ["color-transfer", "'idt'", "none|rct"]),
        ("opacity = \"x\\ny\"\n", 2, ["opacity", "'x?y'"]),
        ("hello\n", 2, ["a.conf:1", "'hello'", "key = value"]),
        ("[night\n", 2, ["a.conf:1", "[night"]),
        (b"\x7fELF\x02\x01\x01\x00\x00", 4, ["a.conf:1", "text"]),
        (bytes(range(256)) * 20, 4, ["a.conf:1"]),
        ("# fine\n" + "x" * 100000, 4, ["a.conf:2", "4096"]),
        ("opacity = 1\n" * 200000, 4, ["a.conf", "too large"]),
    ]
    for data, code, words in cases:
        expect(lab.swap(str(ASTRONAUT), lab.path("out.png"), "--config", write(lab, "a.conf", data)),
               code, *words)
    expect(run(lab, "swap", "--config", lab.path("none.conf"), "--print-config"), 3, "none.conf")
    expect(run(lab, "swap", "--config", lab.path(""), "--print-config"), 6, lab.path(""))
    expect(run(lab, "swap", "--profile", "nigth", "--print-config"), 2, "nigth", "conservative")
    assert not os.path.exists(lab.path("out.png"))


def test_doctor(lab):
    done = run(lab, "doctor")
    assert done.returncode == 0, done.stderr
    for word in ("processors", "memory", "instructions", "8GB", "16GB", "32GB", "oneDNN", "FFmpeg",
                 "libx264", "--preset auto", "Everything essential is there"):
        assert word in done.stdout, word
    facts = json.loads(run(lab, "doctor", "--json").stdout)
    assert facts["processors"] <= os.cpu_count() and facts["missing"] == 0
    limit = facts["memory_limit_bytes"] or facts["memory_bytes"]
    assert 0 < facts["memory_free_bytes"] < facts["memory_bytes"]
    wanted = "32gb" if limit >= 28 << 30 else "16gb" if limit >= 14 << 30 else "8gb"
    assert facts["preset"] == wanted, facts
    auto = printed(lab, "--preset", "auto")["parallel"]
    assert auto == ("off" if wanted == "8gb" else "on", f"preset auto ({wanted})"), auto
    assert set(facts["needs"]) == {"processors", "memory", "instructions"}
    assert facts["cache_folder"]["writable"] and "Kept between runs: /" in done.stdout
    nowhere = dict(os.environ, XDG_CACHE_HOME="/dev/null")  # nothing can lie in there
    assert "Kept between runs: nothing, for /dev/null/memoface" in run(lab, "doctor", env=nowhere).stdout
    assert not json.loads(run(lab, "doctor", "--json", env=nowhere).stdout)["cache_folder"]["writable"]


def test_doctor_misses_what_is_needed(lab):
    env = dict(os.environ, MEMOFACE_MODELS=str(lab.folder))
    done = run(lab, "doctor", env=env)
    assert done.returncode == 3 and "MISSING" in done.stdout, done.stdout
    assert json.loads(run(lab, "doctor", "--json", env=env).stdout)["missing"] == 2
