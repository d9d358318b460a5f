"""Exact means exact: the same pixels with every cache on, off or small, and any number of threads."""

import pathlib

import numpy as np

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


# Pixel formats and how their planes lie: columns and rows that share a sample, bytes of a step.
LAYOUTS = {
    "yuv420p": [(1, 1, 1), (2, 2, 1), (2, 2, 1)],
    "yuvj420p": [(1, 1, 1), (2, 2, 1), (2, 2, 1)],
    "yuv420p10le": [(1, 1, 2), (2, 2, 2), (2, 2, 2)],
    "yuv420p16le": [(1, 1, 2), (2, 2, 2), (2, 2, 2)],
    "yuv422p": [(1, 1, 1), (2, 1, 1), (2, 1, 1)],
    "yuv422p10le": [(1, 1, 2), (2, 1, 2), (2, 1, 2)],
    "yuv440p": [(1, 1, 1), (1, 2, 1), (1, 2, 1)],
    "yuv411p": [(1, 1, 1), (4, 1, 1), (4, 1, 1)],
    "yuv444p": [(1, 1, 1), (1, 1, 1), (1, 1, 1)],
    "yuva420p": [(1, 1, 1), (2, 2, 1), (2, 2, 1), (1, 1, 1)],
    "nv12": [(1, 1, 1), (2, 2, 2)],
    "yuyv422": [(1, 1, 2)],
    "gray": [(1, 1, 1)],
    "gray10le": [(1, 1, 2)],
    "rgb24": [(1, 1, 3)],
    "bgra": [(1, 1, 4)],
    "rgb48le": [(1, 1, 6)],
    "gbrp": [(1, 1, 1), (1, 1, 1), (1, 1, 1)],
}
NOT_IN_FFV1 = {"nv12", "yuyv422", "rgb24", "gbrp", "rgb48le"}


def changed_samples(before, after, layout, n_frames, size):
    """For each plane, which bytes of a frame differ in any frame: rows × bytes of a row."""
    w, h = size
    before, after = (np.frombuffer(x, np.uint8).reshape(n_frames, -1) for x in (before, after))
    start = 0
    for columns, rows, step in layout:
        shape = (n_frames, -(-h // rows), -(-w // columns) * step)
        end = start + shape[1] * shape[2]
        yield (before[:, start:end] != after[:, start:end]).reshape(shape).any(0)
        start = end
    assert start == before.shape[1]


def check_around_the_face(changed, pixel_format):
    """Of 500 × 480 pixels, the face's cannot begin before column 80, nor end below row 340."""
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    h, w = changed.shape
    assert len(rows) > h / 6, f"the face did not change ({pixel_format})"
    assert 0.05 * h < rows[0] and rows[-1] < 0.7 * h, (pixel_format, rows[0] / h, rows[-1] / h)
    assert 0.15 * w < columns[0] and columns[-1] < 0.65 * w, (
        pixel_format, columns[0] / w, columns[-1] / w)


def test_background_is_untouched(lab):
    """The swap changes the face and nothing far from it, in the video's own samples, alpha never."""
    size, n = (500, 480), 3
    for pixel_format, layout in LAYOUTS.items():
        codec = "rawvideo" if pixel_format in NOT_IN_FFV1 else "ffv1"
        clip, out = lab.path("clip.nut"), lab.path("out.nut")
        make_clip(clip, n_frames=n, size=size, pixel_format=pixel_format, codec=["-c:v", codec])
        lab.swap_report(clip, out, "--encoder", codec)
        planes = list(changed_samples(
            raw_frames(clip, pixel_format), raw_frames(out, pixel_format), layout, n, size))
        if pixel_format == "yuva420p":
            assert not planes.pop().any(), "alpha changed"
        if pixel_format == "bgra":
            assert not planes[0][:, 3::4].any(), "alpha changed"
        for changed in planes:
            check_around_the_face(changed, pixel_format)


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
