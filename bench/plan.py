#!/usr/bin/python3
"""How far predictions are from what happens: memoface plan and swap, back to back.

    plan.py BUILD_DIR CLIP MODEL.dfm [--repeat N] [SETTINGS …]
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

from machine import Machine


def once(build, clip, model, settings, folder):
    plan, report = folder / "plan.json", folder / "report.json"
    common = ["-i", clip, "-m", model, *settings]
    subprocess.run([build / "memoface", "plan", *common, "--save", plan, "-y"], check=True,
                   stdout=subprocess.DEVNULL)
    machine = Machine()
    subprocess.run([build / "memoface", "swap", *common, "-o", folder / "out.mp4", "--overwrite",
                    "--quiet", "--plan", plan, "--report", report], check=True)
    report = json.loads(report.read_text())
    others = machine.others(report["cpu_s"])
    return json.loads(plan.read_text()), report, others


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("clip")
    parser.add_argument("model")
    parser.add_argument("--repeat", type=int, default=3)
    args, settings = parser.parse_known_args()
    print(f"{'FPS':>8}{'measured':>10}{'error':>8}{'CPU ms':>9}{'measured':>10}{'error':>8}"
          "   others at plan, swap")
    with tempfile.TemporaryDirectory(prefix="memoface-plan-") as temporary:
        for _ in range(args.repeat):
            plan, report, others = once(args.build.resolve(), args.clip, args.model, settings,
                                pathlib.Path(temporary))
            cpu, real = plan["predicted_cpu_ms_per_frame"], report["cpu_ms_per_frame"]
            print(f"{plan['predicted_fps']:8.1f}{report['fps']:10.1f}"
                  f"{report['plan']['error_percent']:+7.0f}%{cpu:9.1f}{real:10.1f}"
                  f"{100 * (cpu / real - 1):+7.0f}%{100 * plan['probe']['others_share']:13.0f}%"
                  f"{100 * others:6.0f}%", flush=True)


if __name__ == "__main__":
    main()
