#!/usr/bin/python3
"""Makes the demo clip: 10 s, 1280x720 or --size, 30 fps, H.264 and AAC, from scikit-image's astronaut
(NASA, public domain).

A hand-held camera looks at the picture: pan, zoom, roll, a drift of light, sensor noise. One second
is a held frame, and the last second and a half shows earlier frames again, so that exact reuse has
something to find after decoding too:

    frame   0       120     150   165       210       255       300
            | moving | held  | m.  | B       | moving  | B again |

Encoded pixels depend on what the encoder saw before. So B is a segment of its own that starts with
a key frame and is concatenated twice, and the held frames after the first are quantised so coarsely
that nothing is left to code: the decoder repeats the frame before. There are no B-frames.
"""

import argparse
import os
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageFilter
from skimage import data

SIZE, FPS = (1280, 720), 30
HELD_FIRST, HELD_END = 120, 150
B_FIRST, B_END, B_AGAIN, N_FRAMES = 165, 210, 255, 300
PERIOD = B_AGAIN - B_FIRST  # the camera is where B began when B comes again
FACE_XY = (227.0, 128.0)  # in the picture, pixels
MARGIN = 160  # the picture is mirrored outwards, ever more blurred
NOISE_STD = 2.0

H264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "17", "-threads", "2", "-bf", "0",
        "-g", "150", "-pix_fmt", "yuv420p", "-color_range", "tv", "-colorspace", "bt709",
        "-color_primaries", "bt709", "-color_trc", "bt709", "-fflags", "+bitexact",
        "-flags:v", "+bitexact"]


def scene():
    picture = np.pad(data.astronaut(), [(MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)], "reflect")
    sharp = Image.fromarray(picture)
    inside = np.zeros(picture.shape[:2], np.uint8)
    inside[MARGIN + 4:-MARGIN - 4, MARGIN + 4:-MARGIN - 4] = 255
    inside = Image.fromarray(inside).filter(ImageFilter.GaussianBlur(3))
    return Image.composite(sharp, sharp.filter(ImageFilter.GaussianBlur(9)), inside)


def camera(i):
    """Zoom, roll (radians) and where on the picture the camera looks, at frame i."""
    turn = 2 * np.pi * i / PERIOD
    # The clip opens wider and settles into the loop before B.
    opening = np.cos(np.pi / 2 * min(i / B_FIRST, 1)) ** 2
    zoom = 2.75 + 0.12 * np.sin(turn) - 0.45 * opening
    roll = np.radians(6.0) * np.sin(turn + 0.6) - np.radians(7.0) * opening
    at = (FACE_XY[0] + 22 * np.cos(turn) + 18 * opening, FACE_XY[1] + 9 * np.sin(2 * turn))
    return zoom, roll, at


def light(i, width):
    """Gain per pixel: level, side and warmth drift; H (1) x W x 3, float32."""
    turn = 2 * np.pi * i / PERIOD
    side = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    warmth = np.array([1 + 0.035 * np.sin(turn), 1, 1 - 0.045 * np.sin(turn)], np.float32)
    return np.float32(0.94 + 0.07 * np.cos(turn)) * (1 + np.float32(0.07 * np.sin(turn)) * side) \
        * warmth


def render(picture, noise, size, i):
    width, height = size
    zoom, roll, (x, y) = camera(i)
    zoom *= height / SIZE[1]  # the same view at every size
    c, s = np.cos(roll) / zoom, np.sin(roll) / zoom
    x0 = x + MARGIN - c * width / 2 + s * height / 2
    y0 = y + MARGIN - s * width / 2 - c * height / 2
    view = picture.transform(size, Image.AFFINE, (c, -s, x0, s, c, y0), Image.BICUBIC)
    rng = np.random.default_rng(i)
    top, left = rng.integers(0, noise.shape[0] - height), rng.integers(0, noise.shape[1] - width)
    frame = np.asarray(view, np.float32) * light(i, width)
    frame += noise[top:top + height, left:left + width]
    return np.clip(frame, 0, 255).astype(np.uint8)


def encode(path, frames, size, x264_params=None):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24",
               "-s", f"{size[0]}x{size[1]}", "-r", str(FPS), "-i", "-",
               "-vf", "scale=out_color_matrix=bt709:out_range=tv", *H264]
    if x264_params:
        command += ["-x264-params", x264_params]
    process = subprocess.Popen(command + [path], stdin=subprocess.PIPE)
    for frame in frames:
        process.stdin.write(frame)
    process.stdin.close()
    if process.wait() != 0:
        raise SystemExit("make_clip: ffmpeg failed")


def join(folder, names, out):
    """Concatenates the segments, unchanged, beside a tone."""
    listing = os.path.join(folder, "segments.txt")
    with open(listing, "w") as f:
        f.writelines(f"file '{name}'\n" for name in names)
    seconds = N_FRAMES / FPS
    subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "concat", "-i", listing,
         "-f", "lavfi", "-i", "aevalsrc=exprs=0.2*sin(2*PI*440*t)*(0.7+0.3*sin(2*PI*0.5*t))"
         f":s=48000:d={seconds}", "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac",
         "-b:a", "96k", "-fflags", "+bitexact", "-flags:a", "+bitexact",
         "-movflags", "+faststart", "-f", "mp4", out], check=True)


def main():
    parser = argparse.ArgumentParser(description="Makes the demo clip.")
    parser.add_argument("out", metavar="OUT", help="the .mp4 file to write")
    parser.add_argument("--size", metavar="WxH", default="x".join(map(str, SIZE)),
                        help="width and height, even (%(default)s)")
    args = parser.parse_args()
    out, size = args.out, tuple(map(int, args.size.split("x")))

    picture = scene()
    noise = np.random.default_rng(0).standard_normal((size[1] + 97, size[0] + 131, 3),
                                                     np.float32)
    noise *= np.float32(NOISE_STD)

    def frames(first, end):
        last = None
        for i in range(first, end):
            if not HELD_FIRST < i < HELD_END:
                last = render(picture, noise, size, i)
            yield last

    with tempfile.TemporaryDirectory() as folder:
        a, b, c = (os.path.join(folder, name + ".mp4") for name in "abc")
        encode(a, frames(0, B_FIRST), size, f"zones={HELD_FIRST + 1},{HELD_END - 1},q=48")
        encode(b, frames(B_FIRST, B_END), size)
        encode(c, frames(B_END, B_AGAIN), size)
        # Written whole or not at all, so that an interrupted set-up starts over.
        join(folder, ["a.mp4", "b.mp4", "c.mp4", "b.mp4"], out + ".part")
    os.replace(out + ".part", out)


if __name__ == "__main__":
    main()
