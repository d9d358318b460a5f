"""Exact means exact: the same pixels with every cache on, off or small, and any number of threads."""

import pathlib

from media import ASTRONAUT, LOSSLESS, ffmpeg, frame_hashes, make_clip, raw_frames

LOSSLESS_OUT = ["--encoder", "ffv1"]


def looped_clip(lab):
    """A clip whose second half repeats its first, so that every cache has something to hit."""
    once = make_clip(lab.path("once.mkv"), n_frames=10)
    clip = lab.path("clip.mkv")
    ffmpeg("-stream_loop", "1", "-i", once, "-c", "copy", clip)
    return clip


def test_caches_and_threads_change_no_pixel(lab):
    clip = looped_clip(lab)
    variants = {
        "default": [],
        "off": ["--cache-size", "0"],
        "small": ["--cache-size", "2M"],
        "64M": ["--cache-size", "64M"],
        "lru": ["--cache-size", "16M", "--policy", "lru"],
        "s3fifo": ["--cache-size", "16M", "--policy", "s3fifo"],
        "sieve": ["--cache-size", "16M", "--policy", "sieve"],
        "no pre": ["--pre-cache", "off"],
        "no post": ["--post-cache", "off"],
        "one thread": ["--threads", "1"],
        "two threads": ["--threads", "2"],
        "three threads": ["--threads", "3"],
        "not parallel": ["--parallel", "off"],
    }
    settings = ["--presharpen", "0.5", "--pre-gamma-red", "1.1", "--post-gamma-blue", "0.9",
                "--color-transfer", "rct", "--mask-landmarks", "on"]
    expected = None
    for name, extra in variants.items():
        out = lab.path("out.mkv")
        report = lab.swap_report(clip, out, *LOSSLESS_OUT, *settings, *extra)
        assert report["frames"] == 20 and report["faces"] == 20, (name, report)
        hashes = frame_hashes(out)
        assert len(hashes) == 20
        expected = expected or hashes
        assert hashes == expected, f"pixels differ: {name}"
        if name == "default":
            assert report["stages"]["swap"]["runs"] == 10, report["stages"]
            assert report["cache"]["hits"] > 0
        if name == "off":
            assert report["stages"]["swap"]["runs"] == 20, report["stages"]


def test_history_changes_no_pixel(lab):
    """Faces followed and smoothed: by what was seen, never by what was kept or who worked on it."""
    face, gone, clip = lab.path("face.mkv"), lab.path("gone.mkv"), lab.path("clip.mkv")
    make_clip(face, n_frames=10)
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=400x360:rate=30", "-frames:v", "4", "-pix_fmt",
           "yuv420p", *LOSSLESS, gone)
    listing = pathlib.Path(lab.path("list.txt"))
    listing.write_text("".join(f"file '{name}'\n" for name in (face, gone, face)))
    ffmpeg("-f", "concat", "-safe", "0", "-i", listing, "-c", "copy", clip)
    variants = {
        "default": [],
        "off": ["--cache-size", "0"],
        "small": ["--cache-size", "2M"],
        "three threads": ["--threads", "3"],
        "not parallel": ["--parallel", "off"],
    }
    expected = None
    for name, extra in variants.items():
        out = lab.path("out.mkv")
        report = lab.swap_report(clip, out, *LOSSLESS_OUT, "--detect-every", "5", "--smooth", "8",
                                 *extra)
        assert report["frames"] == 24 and report["faces"] == 20, (name, report)
        assert 3 <= report["stages"]["detect"]["demands"] < 20, (name, report["stages"])
        hashes = frame_hashes(out)
        expected = expected or hashes
        assert hashes == expected, f"pixels differ: {name}"
        if name == "default":  # the cut before the second showing forgets what was before it
            assert report["stages"]["swap"]["runs"] == 10, report["stages"]
    for smooth in ("1", "30"):
        lab.swap_report(clip, out, *LOSSLESS_OUT, "--detect-every", "5", "--smooth", smooth)
        assert frame_hashes(out) != expected


def test_held_frames_cost_one_inference(lab):
    clip = lab.path("held.mkv")
    ffmpeg("-loop", "1", "-framerate", "30", "-i", ASTRONAUT, "-frames:v", "15", "-pix_fmt",
           "yuv420p", "-c:v", "libx264", "-qp", "0", clip)
    report = lab.swap_report(clip, lab.path("out.mkv"), *LOSSLESS_OUT)
    assert report["frames"] == 15
    assert report["stages"]["swap"]["runs"] == 1, report["stages"]
    assert abs(report["cache"]["hit_rate"] - 14 / 15) < 1e-6, report["cache"]


def test_background_is_untouched(lab):
    """The swap changes the face and nothing far from it, in the video's own samples."""
    w, h, n = 500, 480, 4
    for pixel_format, bytes_per_sample in (("yuv420p", 1), ("yuv420p10le", 2), ("yuv444p", 1)):
        clip = make_clip(lab.path("clip.mkv"), n_frames=n, size=(w, h), pixel_format=pixel_format)
        out = lab.path("out.mkv")
        lab.swap_report(clip, out, *LOSSLESS_OUT)
        before, after = raw_frames(clip, pixel_format), raw_frames(out, pixel_format)
        assert len(before) == len(after)
        row = w * bytes_per_sample
        frame_bytes = len(before) // n
        changed_rows = [y for y in range(h)
                        if before[y * row:(y + 1) * row] != after[y * row:(y + 1) * row]]
        assert len(changed_rows) > 60, "the face did not change"
        assert changed_rows[-1] < h * 0.85, "rows below the face changed"
        left = sum(before[y * row:y * row + 40 * bytes_per_sample]
                   != after[y * row:y * row + 40 * bytes_per_sample] for y in range(h))
        assert left == 0, f"{left} rows at the left border changed ({pixel_format})"
        assert frame_bytes > 0


def test_no_face_passes_unchanged(lab):
    clip = lab.path("empty.mkv")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-frames:v", "10", "-pix_fmt",
           "yuv420p", "-c:v", "libx264", "-qp", "0", clip)
    out = lab.path("out.mkv")
    done = lab.swap(clip, out, *LOSSLESS_OUT)
    assert done.returncode == 0, done.stderr
    assert "no face was found" in done.stderr
    assert frame_hashes(out) == frame_hashes(clip)


def test_zero_opacity_is_the_input(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=3)
    out = lab.path("out.mkv")
    lab.swap_report(clip, out, *LOSSLESS_OUT, "--opacity", "0", "--color-compression", "0")
    assert frame_hashes(out) == frame_hashes(clip)


def test_same_output_again(lab):
    """Nothing random, nothing left over from an earlier run in the same folder."""
    clip = make_clip(lab.path("clip.mkv"), n_frames=4)
    lab.swap_report(clip, lab.path("a.mkv"), *LOSSLESS_OUT)
    lab.swap_report(clip, lab.path("b.mkv"), *LOSSLESS_OUT)
    assert frame_hashes(lab.path("a.mkv")) == frame_hashes(lab.path("b.mkv"))
