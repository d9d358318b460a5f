"""What is made of the tables: help, docs/settings.md, the manual page, shell completion."""

import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = ["swap", "plan", "bench", "detect", "doctor", "info", "graph", "cache"]


def document(lab, name):
    done = subprocess.run([lab.memoface, "help", "--format", name], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, (name, done.stderr)
    return done.stdout


def test_settings_page_is_fresh(lab):
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == document(lab, "markdown"), \
        "stale: build/memoface help --format markdown >docs/settings.md"


def test_every_setting_is_everywhere(lab):
    done = subprocess.run([lab.memoface, "swap", "--print-config", "--config", "none"],
                          capture_output=True, text=True)
    keys = re.findall(r"^([a-z-]+) = ", done.stdout, re.M)
    assert len(keys) > 50
    help_text = subprocess.run([lab.memoface, "swap", "--help"], capture_output=True,
                               text=True).stdout
    for name in ("man", "markdown", "bash", "zsh", "fish"):
        text = document(lab, name).replace("\\-", "-")
        for key in keys:
            assert key in text, (name, key)
    for key in keys:
        assert f"--{key} " in help_text, key


def test_help_is_readable(lab):
    for command in COMMANDS:
        text = subprocess.run([lab.memoface, command, "--help"], capture_output=True, text=True)
        for line in text.stdout.splitlines():
            assert len(line) <= 100, (command, line)
            if option := re.match(r" {2}(-\w,|   ) --\S+( \S+)?(  +)\S", line):
                assert option.end() - 1 == 34, (command, line)
        assert text.stdout.index("\nExamples:\n") < text.stdout.index("\nOptions:\n"), command
    text = subprocess.run([lab.memoface, "help", "swap"], capture_output=True, text=True).stdout
    order = [text.index(word) for word in ("Usage:", "Examples:", "Options:", "Settings",
                                           "Starting points:", "Cache:", "Mask:", "Exit codes:")]
    assert order == sorted(order), order
    assert "What starting points bring" in text
    bench = subprocess.run([lab.memoface, "help", "bench"], capture_output=True, text=True).stdout
    assert "starting points" not in bench  # it takes none
    for word in ("0..400 px", "[2G]", "none|rct", "ssd|tiny", "--print-config"):
        assert word in text, word


def test_help_has_help(lab):
    general = subprocess.run([lab.memoface, "--help"], capture_output=True, text=True)
    for args in (["help"], ["help", "--help"], ["help", "-h"], ["-h"]):
        done = subprocess.run([lab.memoface, *args], capture_output=True, text=True)
        assert done.returncode == 0 and done.stdout == general.stdout and not done.stderr, args


def test_mistyped_words_get_a_hint(lab):
    for args, hint in ((["swap", "--overwite"], "--overwrite"),
                       (["swap", "--cache-sise", "2G"], "--cache-size"),
                       (["swap", "--moedl", "x"], "--model"),
                       (["swpa"], "swap"), (["docter"], "doctor")):
        done = subprocess.run([lab.memoface, *args], capture_output=True, text=True)
        assert done.returncode == 2 and f"did you mean {hint}?" in done.stderr, done.stderr
    done = subprocess.run([lab.memoface, "swap", "--xyzzyxyzzy"], capture_output=True, text=True)
    assert "did you mean" not in done.stderr and "--help" in done.stderr, done.stderr


def test_manual_page(lab):
    page = pathlib.Path(lab.path("memoface.1"))
    page.write_text(document(lab, "man"), encoding="utf-8")
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "FILES", '"EXIT STATUS"'):
        assert f".SH {section}\n" in page.read_text(), section
    if not shutil.which("man"):
        print("# SKIP the page is not set: man is not installed")
        return
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", str(page)],
                          capture_output=True, text=True, env={"MANWIDTH": "80", "PATH":
                                                               "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0 and not done.stderr, done.stderr
    text = re.sub(".\b", "", done.stdout)
    for word in ("memoface swap", "--mask-blur 0..400 px", "STARTING POINTS", "130"):
        assert word in text, word


DRIVER = r"""
set -u
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_memoface
printf '%s\n' "${COMPREPLY[@]}"
"""


def bash(lab, *words):
    """What bash would offer for the last of the words."""
    script = pathlib.Path(lab.path("completion.bash"))
    script.write_text(document(lab, "bash"), encoding="utf-8")
    done = subprocess.run(["bash", "--norc", "-c", DRIVER, "bash", str(script), "memoface", *words],
                          capture_output=True, text=True, cwd=lab.folder)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return set(done.stdout.split())


def test_bash_completion(lab):
    pathlib.Path(lab.path("clip.mp4")).touch()
    pathlib.Path(lab.path("clap.dfm")).touch()
    assert bash(lab, "") >= {*COMMANDS, "help"}
    assert bash(lab, "sw") == {"swap"}
    assert bash(lab, "help", "d") == {"detect", "doctor"}
    assert bash(lab, "swap", "--mask-e") == {"--mask-erode"}
    assert bash(lab, "swap", "--pre") == {"--preset", "--pre-cache", "--precision", "--presharpen",
                                          "--pre-gamma-red", "--pre-gamma-green", "--pre-gamma-blue"}
    assert bash(lab, "swap", "--preset", "") == {"none", "auto", "8gb", "16gb", "32gb"}
    assert bash(lab, "swap", "--preset", "=", "8") == {"8gb"}  # as bash splits --preset=8
    assert bash(lab, "swap", "--preset", "=") == {"none", "auto", "8gb", "16gb", "32gb"}
    assert bash(lab, "swap", "--color-transfer", "r") == {"rct"}
    assert bash(lab, "swap", "--parallel", "o") == {"on", "off"}
    assert bash(lab, "swap", "--parallel", "--thr") == {"--threads"}
    assert bash(lab, "swap", "-i", "cl") == {"clip.mp4", "clap.dfm"}
    assert bash(lab, "swap", "--overwrite", "cli") == {"clip.mp4"}
    assert bash(lab, "swap", "--overwrite", "--dry") == {"--dry-run"}
    assert bash(lab, "swap", "--threads", "") == set()
    assert bash(lab, "cache", "v") == {"verify"}
    assert bash(lab, "cache", "--j") == {"--json"}
    assert bash(lab, "info", "cla") == {"clap.dfm"}


def test_other_shells_accept_theirs(lab):
    for shell in ("zsh", "fish"):
        script = pathlib.Path(lab.path("completion." + shell))
        script.write_text(document(lab, shell), encoding="utf-8")
        if not shutil.which(shell):
            print(f"# SKIP {shell} is not installed: its completion is not checked")
            continue
        done = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, (shell, done.stderr)


def test_fish_completion(lab):
    if not shutil.which("fish"):
        print("# SKIP fish is not installed")
        return
    script = pathlib.Path(lab.path("memoface.fish"))
    script.write_text(document(lab, "fish"), encoding="utf-8")

    def offers(line):
        done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"],
                              capture_output=True, text=True, env={"HOME": str(lab.folder), "PATH":
                                                                   "/usr/bin:/bin"})
        assert not done.stderr, done.stderr
        return {row.split("\t")[0] for row in done.stdout.splitlines()}

    assert {*COMMANDS, "help"} <= offers("memoface ")
    assert offers("memoface swap --mask-e") == {"--mask-erode"}
    assert {"auto", "8gb", "16gb", "32gb"} <= offers("memoface swap --preset ")
    assert {"stat", "verify", "clear"} <= offers("memoface cache ")
