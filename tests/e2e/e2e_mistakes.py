"""Bad input: one clear line, a documented exit code, nothing half-written that looks whole."""

import os
import pathlib
import resource
import signal
import subprocess
import time

from media import ASTRONAUT, ffmpeg, frame_hashes, frame_times, leftovers, make_clip

NOT_FOUND, USAGE, MALFORMED, UNSUPPORTED, IO, NO_SPACE, INTERRUPTED = 3, 2, 4, 5, 6, 7, 130


def run(lab, *words):
    return subprocess.run([lab.memoface, *words], capture_output=True, text=True, timeout=60)


def expect(done, code, *words):
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert done.returncode == code, f"exit {done.returncode}, wanted {code}: {done.stderr}"
    assert len(lines) == 1, f"{len(lines)} lines: {done.stderr}"
    assert lines[0].startswith("memoface"), lines[0]
    for word in words:
        assert word in lines[0], f"'{word}' is missing: {lines[0]}"


def test_no_such_input(lab):
    expect(lab.swap(lab.path("missing.mp4"), lab.path("out.mp4")), NOT_FOUND, "missing.mp4")
    assert not leftovers(lab.folder, [])


def test_text_file_as_video(lab):
    pathlib.Path(lab.path("notes.mp4")).write_text("this is not a video\n" * 50)
    expect(lab.swap(lab.path("notes.mp4"), lab.path("out.mp4")), MALFORMED, "notes.mp4")
    assert not leftovers(lab.folder, ["notes.mp4"])


def test_audio_only_input(lab):
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=0.3", lab.path("tone.wav"))
    expect(lab.swap(lab.path("tone.wav"), lab.path("out.mp4")), UNSUPPORTED, "tone.wav", "video")


def test_truncated_clip_keeps_what_is_readable(lab):
    clip = make_clip(lab.path("whole.mkv"), n_frames=40, codec=["-c:v", "ffv1"])
    data = pathlib.Path(clip).read_bytes()
    pathlib.Path(lab.path("cut.mkv")).write_bytes(data[:len(data) * 6 // 10])
    done = lab.swap(lab.path("cut.mkv"), lab.path("out.mkv"))
    assert done.returncode == 0, done.stderr
    assert "cut.mkv" in done.stderr or "damaged" in done.stderr, done.stderr
    assert 15 <= len(frame_times(lab.path("out.mkv"))) <= 25


def test_mp4_without_its_index(lab):
    clip = make_clip(lab.path("whole.mp4"), n_frames=10)
    data = pathlib.Path(clip).read_bytes()
    pathlib.Path(lab.path("cut.mp4")).write_bytes(data[:len(data) // 2])
    expect(lab.swap(lab.path("cut.mp4"), lab.path("out.mp4")), MALFORMED, "cut.mp4")


def test_model_mistakes(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=2)
    text = lab.path("text.dfm")
    pathlib.Path(text).write_text("not a model\n" * 20)
    out = lab.path("out.mkv")
    expect(lab.swap(clip, out, model=lab.path("missing.dfm")), NOT_FOUND, "missing.dfm")
    expect(lab.swap(clip, out, model=text), MALFORMED, "text.dfm", "ONNX")
    cut = lab.path("cut.dfm")
    data = pathlib.Path(lab.model).read_bytes()
    pathlib.Path(cut).write_bytes(data[:len(data) * 2 // 3])
    expect(lab.swap(clip, out, model=cut), MALFORMED, "cut.dfm")
    assert not os.path.exists(out)


def test_onnx_that_is_no_dfm(lab):
    import onnx
    from onnx import TensorProto, helper
    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 4]) for n in ("x", "y")]
    for op, code, word in (("Relu", UNSUPPORTED, "DFM"), ("FancyOp", UNSUPPORTED, "FancyOp")):
        node = helper.make_node(op, ["x"], ["y"], name="the_node")
        model = helper.make_model(helper.make_graph([node], "g", [value[0]], [value[1]]),
                                  opset_imports=[helper.make_opsetid("", 12)])
        path = lab.path("other.dfm")
        onnx.save(model, path)
        clip = make_clip(lab.path("clip.mkv"), n_frames=1)
        expect(lab.swap(clip, lab.path("out.mkv"), model=path), code, "other.dfm", word)


def test_wrong_words(lab):
    clip = str(ASTRONAUT)
    out = lab.path("out.png")
    expect(lab.swap(clip, out, "--no-such-setting", "1"), USAGE, "no-such-setting")
    expect(lab.swap(clip, out, "--mask-blur", "401"), USAGE, "mask-blur", "401", "400")
    expect(lab.swap(clip, out, "--color-transfer", "idt"), USAGE, "idt", "rct")
    expect(lab.swap(clip, out, "--cache-size", "2Q"), USAGE, "2Q")
    expect(lab.swap(clip, out, "--coverage"), USAGE, "coverage")
    expect(lab.swap(clip, out, "--detector", "nosuch"), USAGE, "nosuch")
    expect(lab.swap(clip, out, "--detector", "no/such.onnx"), NOT_FOUND, "no/such.onnx")
    expect(lab.swap(clip, lab.path("out.mp4"), "--encoder", "nosuch"), UNSUPPORTED, "nosuch")
    expect(lab.swap(clip, lab.path("out.nosuch")), UNSUPPORTED, "out.nosuch")
    bare = subprocess.run([lab.memoface, "swap", "-i", clip], capture_output=True, text=True)
    expect(bare, USAGE, "model")
    assert subprocess.run([lab.memoface, "nosuch"], capture_output=True).returncode == USAGE


def test_output_is_not_replaced_unasked(lab):
    out = lab.path("out.png")
    pathlib.Path(out).write_text("precious")
    done = subprocess.run([lab.memoface, "swap", "-i", str(ASTRONAUT), "-m", lab.model, "-o", out],
                          capture_output=True, text=True)
    expect(done, USAGE, "out.png")
    assert pathlib.Path(out).read_text() == "precious"


def test_output_over_input_is_refused(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=2)
    before = pathlib.Path(clip).read_bytes()
    expect(lab.swap(clip, clip), USAGE, "clip.mkv")
    assert pathlib.Path(clip).read_bytes() == before


def test_unwritable_output(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=2)
    expect(lab.swap(clip, lab.path("no/such/folder/out.mkv")), NOT_FOUND, "out.mkv")
    done = lab.swap(clip, "/proc/out.mkv")  # not even root may create a file there
    expect(done, done.returncode, "/proc/out.mkv")
    assert done.returncode in (NOT_FOUND, IO), done.returncode


def test_unwritable_report_is_told_before_the_work(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=2)
    done = lab.swap(clip, lab.path("out.mkv"), "--report", lab.path("no/such/report.json"))
    expect(done, IO, "report.json", "cannot be written")
    assert not leftovers(lab.folder, ["clip.mkv"])


def test_nothing_read_or_written_is_written_twice(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=1)
    model = lab.path("own.dfm")
    pathlib.Path(model).write_bytes(pathlib.Path(lab.model).read_bytes())
    os.link(clip, lab.path("hard.mkv"))
    out = lab.path("out.mkv")
    kept = {path: pathlib.Path(path).read_bytes() for path in (clip, model)}
    for option in ("--report", "--sidecar", "--record-trace"):
        for path in (clip, lab.path("hard.mkv"), model, out):
            expect(lab.swap(clip, out, option, path, model=model), USAGE, os.path.basename(path))
    expect(lab.swap(clip, model, "--output-format", "matroska", model=model), USAGE, "own.dfm")
    expect(lab.swap(clip, "-", "--output-format", "matroska", "--report", "-"), USAGE, "stdout")
    assert all(pathlib.Path(path).read_bytes() == data for path, data in kept.items())
    assert not leftovers(lab.folder, ["clip.mkv", "hard.mkv", "own.dfm"])


def test_no_command_writes_over_what_it_reads(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=1)
    picture = lab.path("face.png")
    pathlib.Path(picture).write_bytes(ASTRONAUT.read_bytes())
    kept = {path: pathlib.Path(path).read_bytes() for path in (clip, picture, lab.model)}
    for words in (["detect", "-i", picture, "-o", picture],
                  ["plan", "-i", clip, "-m", lab.model, "--save", clip],
                  ["plan", "-i", clip, "-m", lab.model, "--save", lab.model],
                  ["bench", "pipeline", "-i", clip, "-m", lab.model, "--html", clip]):
        expect(run(lab, *words), USAGE, os.path.basename(words[-1]))
    assert all(pathlib.Path(path).read_bytes() == data for path, data in kept.items())
    expect(run(lab, "plan", "-i", clip, "-m", lab.model, "--save", "/no/p.json"), IO, "/no/p.json")
    expect(run(lab, "detect", "-i", picture, "-o", lab.path("d.xyz")), UNSUPPORTED, "d.xyz")
    assert not leftovers(lab.folder, ["clip.mkv", "face.png"])


def test_a_disk_cache_without_a_home_is_said(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=1)
    homeless = {key: value for key, value in os.environ.items()
                if key not in ("HOME", "XDG_CACHE_HOME")}
    for args, is_said in ((["--disk-cache-size", "1G"], True), ([], False),
                          (["--disk-cache-size", "1G", "--cache-dir", "none"], False)):
        done = lab.swap(clip, lab.path("out.mkv"), *args, env=homeless)
        assert done.returncode == 0 and ("cache-dir" in done.stderr) == is_said, done.stderr


def test_no_place_for_a_report_is_found_before_the_work(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=1)
    for option in ("--report", "--sidecar"):
        expect(lab.swap(clip, lab.path("out.mkv"), option, lab.path("no/r.json")), IO, "no/r.json")
    assert not leftovers(lab.folder, ["clip.mkv"])


def test_names_that_are_empty_or_begin_with_a_dash(lab):
    expect(lab.swap("", lab.path("out.mkv")), USAGE, "--input")
    expect(lab.swap(str(ASTRONAUT), ""), USAGE, "--output")
    clip = make_clip(lab.path("clip.mkv"), n_frames=1)
    os.rename(clip, lab.path("--help.mkv"))
    done = subprocess.run([lab.memoface, "swap", "-m", lab.model, "-o", "out.mkv", "--",
                           "--help.mkv"], cwd=lab.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert os.path.exists(lab.path("out.mkv"))


def test_what_cannot_be_printed_is_an_error(lab):
    with open("/dev/full", "w") as full:
        for words in (["--version"], ["help"], ["graph"], ["info", lab.model],
                      ["detect", "-i", str(ASTRONAUT), "--json"]):
            done = subprocess.run([lab.memoface, *words], stdout=full, stderr=subprocess.PIPE,
                                  text=True)
            expect(done, IO, "stdout")


def test_closed_standard_streams_do_not_end_in_the_output(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=3)
    outputs = [lab.path("a.mkv"), lab.path("b.mkv")]
    for out, close in zip(outputs, ("", "<&- >&- 2>&-")):
        command = lab.swap_command(clip, out, "--encoder", "ffv1")
        assert subprocess.run(["sh", "-c", f'"$@" {close}', "sh", *command],
                              capture_output=True).returncode == 0
    assert frame_hashes(outputs[0]) == frame_hashes(outputs[1])
    assert os.path.getsize(outputs[0]) == os.path.getsize(outputs[1])


def test_a_model_that_is_a_fifo_is_not_waited_for(lab):
    os.mkfifo(lab.path("fifo.dfm"))
    expect(lab.swap(str(ASTRONAUT), lab.path("out.png"), model=lab.path("fifo.dfm")), MALFORMED,
           "fifo.dfm")


def limit_file_size():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000))


def test_disk_full(lab):
    """A file-size limit stands in for a full disk: both make write() fail midway."""
    clip = make_clip(lab.path("clip.mkv"), n_frames=30)
    done = lab.swap(clip, lab.path("out.mkv"), "--encoder", "ffv1", preexec_fn=limit_file_size)
    assert done.returncode in (IO, NO_SPACE), (done.returncode, done.stderr)
    assert "out.mkv" in done.stderr
    assert not leftovers(lab.folder, ["clip.mkv"])


def interrupt(lab, *signal_numbers):
    clip = make_clip(lab.path("long.mkv"), n_frames=600, codec=["-c:v", "libx264"])
    out = lab.path("out.mp4")
    code, stderr = lab.interrupt_under_way(
        [lab.memoface, "swap", "-i", clip, "-m", lab.model, "-o", out, "--cache-size", "0"],
        *signal_numbers)
    assert code == INTERRUPTED, (code, stderr)
    assert "Interrupted" in stderr
    assert 0 < len(frame_times(out)) < 600
    assert not leftovers(lab.folder, ["long.mkv", "out.mp4"])


def test_ctrl_c_finishes_the_file(lab):
    interrupt(lab, signal.SIGINT)


def test_sigterm_finishes_the_file(lab):
    interrupt(lab, signal.SIGTERM)


def test_a_terminal_that_closes_finishes_the_file(lab):
    interrupt(lab, signal.SIGHUP, signal.SIGHUP)  # the system's and the shell's


def test_nohup_is_respected(lab):
    clip = make_clip(lab.path("clip.mkv"), n_frames=60)
    process = subprocess.Popen(
        ["nohup", lab.memoface, "swap", "-i", clip, "-m", lab.model, "-o", lab.path("out.mkv"),
         "--cache-size", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not leftovers(lab.folder, ["clip.mkv"]):
        time.sleep(0.01)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=60) == 0
    assert len(frame_times(lab.path("out.mkv"))) == 60
