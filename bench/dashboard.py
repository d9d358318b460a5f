#!/usr/bin/python3
"""What watching costs: frames per second of a swap with the dashboard off, idle, and beset by clients
that mean no good (500 idle connections, event streams that nobody reads, a preview asked for without
pause). Variants alternate; medians and their ratios are printed.

    bench/dashboard.py [BUILD_DIR] [--runs N] [--model FILE.dfm]

Needs what `make demo` prepares. Off and beset should differ by less than 5 %.
"""

import argparse
import json
import pathlib
import re
import socket
import statistics
import subprocess
import tempfile
import threading
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent


def beset(address, stop):
    host, port = address.split(":")
    request = f"GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()
    clients = [socket.create_connection((host, int(port))) for _ in range(500)]
    for client in clients[:16]:
        client.sendall(request)
    while not stop.wait(0.5):
        try:
            urllib.request.urlopen(f"http://{address}/api/v1/preview.jpg", timeout=10).read()
        except OSError:
            pass
    for client in clients:
        client.close()


def run(build, model, folder, variant):
    report = folder / "report.json"
    command = [build / "memoface", "swap", "-i", build / "demo" / "clip.mp4", "-m", model, "-o",
               folder / "out.mkv", "-y", "--speed", "ultrafast", "--report", report, "--quiet"]
    if variant != "off":
        command += ["--dashboard", "127.0.0.1:0"]
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
    stop = threading.Event()
    if variant == "beset":
        address = re.match(r"Dashboard: http://([^/]+)/", process.stderr.readline()).group(1)
        crowd = threading.Thread(target=beset, args=(address, stop))
        crowd.start()
    process.communicate()
    stop.set()
    if variant == "beset":
        crowd.join()
    if process.returncode:
        raise SystemExit(f"the swap failed with exit code {process.returncode}")
    return json.loads(report.read_text())["fps"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("build", nargs="?", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--model", type=pathlib.Path)
    args = parser.parse_args()
    model = args.model or args.build / "demo" / "demo.dfm"
    fps = {"off": [], "idle": [], "beset": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.runs):
            for variant, figures in fps.items():
                figures.append(run(args.build, model, pathlib.Path(folder), variant))
    base = statistics.median(fps["off"])
    for variant, figures in fps.items():
        median = statistics.median(figures)
        print(f"dashboard {variant:6} {median:7.2f} FPS  {100 * median / base:6.1f} %  "
              f"({min(figures):.2f} to {max(figures):.2f} in {len(figures)} runs)")


if __name__ == "__main__":
    main()
