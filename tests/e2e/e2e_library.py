"""The library as another program finds it: installed, by pkg-config, from a folder of its own."""

import os
import pathlib
import subprocess

from media import frame_times, make_clip

SOURCE = pathlib.Path(__file__).parents[2] / "docs/example.c"


def install(lab):
    """Installs the build into the lab; returns the environment that finds it, or None."""
    build = pathlib.Path(lab.memoface).parent
    libraries = subprocess.run(["ldd", lab.memoface], capture_output=True, text=True).stdout
    if "libasan" in libraries or not (build / "models").exists():
        return None  # a sanitizer must be linked by the program itself
    root = lab.folder / "root"
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", root],
                   check=True, stdout=subprocess.DEVNULL)
    pc = next(root.rglob("memoface.pc"))
    env = {key: value for key, value in os.environ.items() if key != "MEMOFACE_MODELS"}
    return dict(env, PKG_CONFIG_SYSROOT_DIR=str(root), PKG_CONFIG_PATH=str(pc.parent),
                LD_LIBRARY_PATH=str(pc.parents[1]))


def test_the_example_of_the_docs(lab):
    env = install(lab)
    if not env:
        print("skipped: needs a build without sanitizers, and the face models")
        return
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "memoface"], check=True, env=env,
                           capture_output=True, text=True).stdout.split()
    clip = make_clip(lab.path("clip.mkv"), n_frames=4)
    for language, compiler in (("c", "cc"), ("c++", "c++")):
        program, out = lab.path("example-" + language), lab.path(f"out-{language}.mkv")
        subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-x", language, SOURCE, "-x",
                        "none", *flags, "-o", program], check=True, env=env)
        done = subprocess.run([program, clip, lab.model, out], env=env, capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "4 faces" in done.stdout, done.stdout
        assert len(frame_times(out)) == 4
