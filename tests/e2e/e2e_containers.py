"""What comes in goes out: timestamps, audio, subtitles, rotation, depth, sizes, images."""

import os

from media import (ASTRONAUT, LOSSLESS, face_frames, ffmpeg, frame_times, leftovers, make_clip,
                   probe, stream_hash, streams, video)


def check(lab, clip, out, n_frames, *args):
    report = lab.swap_report(clip, out, *args)
    assert report["frames"] == n_frames, report
    assert report["faces"] == n_frames, report
    assert len(frame_times(out)) == n_frames
    return report


def test_variable_frame_rate(lab):
    clip = lab.path("vfr.mkv")
    ffmpeg(*face_frames(12, (360, 360)), "-fps_mode", "vfr", "-pix_fmt", "yuv420p", *LOSSLESS,
           lab.path("cfr.mkv"))
    ffmpeg("-i", lab.path("cfr.mkv"), "-vf", "setpts='N*N/(30*TB*4)+N/(30*TB)'", "-fps_mode", "vfr",
           "-enc_time_base", "-1", *LOSSLESS, clip)
    times = frame_times(clip)
    assert len(set(round(b - a, 3) for a, b in zip(times, times[1:]))) > 3, "the clip is not VFR"
    for name in ("out.mkv", "out.mp4"):
        out = lab.path(name)
        check(lab, clip, out, 12)
        assert all(abs(a - b) < 0.002 for a, b in zip(frame_times(out), times)), name


def test_rotated_phone_clip(lab):
    """Stored sideways with a display matrix: the face is found upright, the flag is kept."""
    side = make_clip(lab.path("side.mp4"), n_frames=5, size=(360, 480), extra=",transpose=2")
    clip = lab.path("phone.mp4")
    ffmpeg("-display_rotation", "90", "-i", side, "-c", "copy", clip) if supports_rotation() else \
        ffmpeg("-i", side, "-c", "copy", "-metadata:s:v", "rotate=270", clip)
    out = lab.path("out.mp4")
    check(lab, clip, out, 5)
    a, b = video(clip), video(out)
    assert (b["width"], b["height"]) == (a["width"], a["height"])
    rotation = [s.get("rotation") for s in a.get("side_data_list", [])]
    assert rotation and [s.get("rotation") for s in b.get("side_data_list", [])] == rotation


def supports_rotation():
    import subprocess
    text = subprocess.run(["ffmpeg", "-h", "full"], capture_output=True, text=True).stdout
    return "-display_rotation" in text


def test_ten_bits_stay_ten_bits(lab):
    clip = make_clip(lab.path("ten.mkv"), n_frames=4, pixel_format="yuv420p10le")
    check(lab, clip, lab.path("out.mkv"), 4)
    assert video(lab.path("out.mkv"))["pix_fmt"] == "yuv420p10le"


def test_odd_sizes_are_kept(lab):
    clip = make_clip(lab.path("odd.mkv"), n_frames=4, size=(401, 361), pixel_format="yuv420p",
                     codec=["-c:v", "ffv1"])
    for name in ("out.mkv", "out.mp4"):
        check(lab, clip, lab.path(name), 4)
        stream = video(lab.path(name))
        assert (stream["width"], stream["height"]) == (401, 361), stream


def test_audio_and_subtitles_are_copied(lab):
    silent = make_clip(lab.path("silent.mkv"), n_frames=15)
    subtitles = lab.path("s.srt")
    with open(subtitles, "w", encoding="ascii") as file:
        file.write("1\n00:00:00,000 --> 00:00:00,300\nhello\n")
    clip = lab.path("full.mkv")
    ffmpeg("-i", silent, "-f", "lavfi", "-i", "sine=440:duration=0.5", "-f", "lavfi", "-i",
           "sine=880:duration=0.5", "-i", subtitles, "-map", "0", "-map", "1", "-map", "2", "-map",
           "3", "-c:v", "copy", "-c:a", "aac", "-c:s", "srt", "-metadata:s:a:1", "language=fin",
           "-metadata", "title=two tones", clip)
    out = lab.path("out.mkv")
    check(lab, clip, out, 15)
    kinds = [s["codec_type"] for s in streams(out)]
    assert sorted(kinds) == ["audio", "audio", "subtitle", "video"], kinds
    for kind, index in (("a", 0), ("a", 1), ("s", 0)):
        assert stream_hash(out, kind, index) == stream_hash(clip, kind, index), (kind, index)
    audio = [s for s in streams(out) if s["codec_type"] == "audio"]
    assert audio[1]["tags"]["language"] == "fin"
    assert probe(out, "-show_format")["format"]["tags"]["title"] == "two tones"


def test_audio_in_mp4_keeps_its_time(lab):
    clip = lab.path("av.mp4")
    silent = make_clip(lab.path("silent.mp4"), n_frames=20, codec=["-c:v", "libx264"])
    ffmpeg("-i", silent, "-f", "lavfi", "-i", "sine=440:duration=0.7", "-map", "0:v", "-map", "1:a",
           "-c:v", "copy", "-c:a", "aac", clip)
    out = lab.path("out.mp4")
    check(lab, clip, out, 20)
    assert stream_hash(out, "a") == stream_hash(clip, "a")
    for kind in ("v", "a"):
        a, b = ([float(s["start_time"]) for s in streams(p) if s["codec_type"][0] == kind]
                for p in (clip, out))
        assert all(abs(x - y) < 0.002 for x, y in zip(a, b)), (kind, a, b)
    assert abs(float(probe(out, "-show_format")["format"]["duration"])
               - float(probe(clip, "-show_format")["format"]["duration"])) < 0.05


def test_no_audio(lab):
    clip = make_clip(lab.path("clip.mp4"), n_frames=5)
    check(lab, clip, lab.path("out.mp4"), 5)
    assert [s["codec_type"] for s in streams(lab.path("out.mp4"))] == ["video"]


def test_one_frame_video(lab):
    clip = make_clip(lab.path("one.mp4"), n_frames=1)
    check(lab, clip, lab.path("out.mp4"), 1)


def test_colour_tags_and_aspect_are_kept(lab):
    clip = make_clip(lab.path("tagged.mp4"), n_frames=3,
                     extra=",setsar=4/3",
                     codec=["-c:v", "libx264", "-color_primaries", "bt709", "-color_trc", "bt709",
                            "-colorspace", "bt709", "-color_range", "pc"])
    out = lab.path("out.mp4")
    lab.swap_report(clip, out)
    a, b = video(clip), video(out)
    for key in ("sample_aspect_ratio", "color_range", "color_space", "color_primaries",
                "color_transfer", "r_frame_rate"):
        assert a.get(key) == b.get(key), (key, a.get(key), b.get(key))


def test_png_and_jpeg(lab):
    jpeg = lab.path("in.jpg")
    ffmpeg("-i", ASTRONAUT, "-q:v", "2", jpeg)
    for source, name in ((str(ASTRONAUT), "out.png"), (str(ASTRONAUT), "out.jpg"), (jpeg, "o2.png")):
        check(lab, source, lab.path(name), 1)
        stream = video(lab.path(name))
        assert (stream["width"], stream["height"]) == (512, 512)
        assert stream["codec_name"] == {"png": "png", "jpg": "mjpeg"}[name[-3:]]


def test_folder_of_images(lab):
    os.mkdir(lab.path("in"))
    os.mkdir(lab.path("out"))
    for i, size in enumerate((300, 512, 401)):
        ffmpeg("-i", ASTRONAUT, "-vf", f"scale={size}:-1", lab.path(f"in/photo {i}.png"))
    ffmpeg("-i", ASTRONAUT, lab.path("in/z.jpg"))
    report = lab.swap_report(lab.path("in"), lab.path("out"))
    assert report["frames"] == 4 and report["faces"] == 4, report
    assert not leftovers(lab.path("out"), os.listdir(lab.path("in")))
    assert video(lab.path("out/photo 2.png"))["width"] == 401


def test_image_sequence(lab):
    ffmpeg(*face_frames(6, (360, 360)), lab.path("in%03d.png"))
    report = lab.swap_report(lab.path("in%03d.png"), lab.path("out%03d.png"))
    assert report["frames"] == 6 and report["faces"] == 6, report
    assert all(os.path.exists(lab.path(f"out{i:03d}.png")) for i in range(1, 7))
