#!/usr/bin/python3
"""Shows moments of two videos as a sheet of frames, one row over the other: before over after.

    before_after.py BEFORE.mp4 AFTER.mp4 OUT.png
"""

import os
import subprocess
import sys

N_MOMENTS = 4
CELL_WIDTH = 480


def duration_s(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of",
                          "default=nw=1:nk=1", path], check=True, capture_output=True, text=True)
    return float(out.stdout)


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: before_after.py BEFORE AFTER OUT.png")
    before, after, out = sys.argv[1:]
    length = duration_s(before)
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
    for path in (before, after):
        for i in range(N_MOMENTS):
            command += ["-ss", f"{length * (i + 0.5) / N_MOMENTS:.3f}", "-i", path]
    n = 2 * N_MOMENTS
    chains = [f"[{i}:v]trim=end_frame=1,scale={CELL_WIDTH}:-2:flags=area,setsar=1,"
              f"setpts=PTS-STARTPTS[f{i}]" for i in range(n)]
    rows = ["".join(f"[f{i}]" for i in range(at, at + N_MOMENTS)) + f"hstack={N_MOMENTS}[r{at}]"
            for at in (0, N_MOMENTS)]
    graph = ";".join(chains + rows + [f"[r0][r{N_MOMENTS}]vstack,format=rgb24[sheet]"])
    part = out + ".part"
    subprocess.run(command + ["-filter_complex", graph, "-map", "[sheet]", "-frames:v", "1",
                              "-c:v", "png", "-f", "image2", "-update", "1", part], check=True)
    os.replace(part, out)


if __name__ == "__main__":
    main()
