"""--precision: auto takes the faster one unless a model's faces would be seen to differ in it, int8 is
taken when asked for and says what it costs."""

import json
import pathlib
import subprocess
import sys

from media import frame_hashes, make_clip

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import dfm_network  # noqa: E402
from onnx_writer import BATCH, Writer  # noqa: E402

# Large enough that bf16 is the faster one wherever it is made for by the hardware.
DIMS = {"size": 128, "e_dims": 32, "ae_dims": 64, "d_dims": 32, "d_mask_dims": 16}


def make_model(path, gain):
    writer = Writer("cosine", 5, BATCH)
    dfm_network.write(writer, dfm_network.Network(archi="liae", options="c", gain=gain, **DIMS))
    writer.save(pathlib.Path(path), "memoface test model: x*cos x, seeded random weights")


def info(lab, model):
    done = subprocess.run([lab.memoface, "info", model, "--json"], capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_auto_leaves_out_what_would_show(lab):
    models = {gain: lab.path(f"gain-{gain}.dfm") for gain in (1.0, 2.5)}
    for gain, model in models.items():
        make_model(model, gain)
    calm, wild = (info(lab, model) for model in models.values())
    assert wild["precision"] == "f32"
    if "bf16_ms" in calm:
        faster = "bf16" if calm["bf16_ms"] < calm["f32_ms"] else "f32"
        assert calm["precision"] == faster, calm
    assert info(lab, models[2.5]) == wild  # as remembered


def test_int8_is_exact_too_and_says_what_it_costs(lab):
    model, clip, out = lab.path("calm.dfm"), lab.path("clip.mkv"), lab.path("out.mkv")
    make_model(model, 1.0)
    make_clip(clip, n_frames=6)
    ways = ([], ["--cache-size", "0", "--threads", "1"], ["--parallel", "off", "--threads", "2"])
    hashes = set()
    for way in ways:
        done = lab.swap(clip, out, "--encoder", "ffv1", "--precision", "int8", *way,
                        model=model)
        assert done.returncode == 0, done.stderr
        assert "int8" not in done.stderr.replace("--precision int8", ""), done.stderr
        hashes.add(tuple(frame_hashes(out)))
    assert len(hashes) == 1
    make_model(model, 2.5)
    done = lab.swap(clip, out, "--encoder", "ffv1", "--precision", "int8", model=model)
    assert done.returncode == 0, done.stderr
    assert "calm.dfm: in int8 faces are" in done.stderr and "may be seen" in done.stderr, done.stderr
