"""The dashboard of a running swap: live control, API, metrics, and clients that mean no good."""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import time

import numpy

from media import frame_hashes, raw_frames
from running import N_DIFFERENT, Running

HOST = "127.0.0.1"
JSON = {"Content-Type": "application/json"}
DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


known = {}  # by settings: the clip is the same in every test


def offline(lab, clip, *args):
    """Hashes of the frames as an ordinary run makes them."""
    if args not in known:
        out = lab.path("offline.mkv")
        done = lab.swap(clip, out, "--encoder", "ffv1", "--cache-dir", "none", *args)
        assert done.returncode == 0, done.stderr
        known[args] = frame_hashes(out)
        assert len(known[args]) == N_DIFFERENT
    return known[args]


def pixels_of_jpeg(lab, jpeg):
    path = pathlib.Path(lab.path("preview.jpg"))
    path.write_bytes(jpeg)
    return raw_frames(path, "rgb24")


def preview(job, side):
    status, headers, body = job.request("GET", f"/api/v1/preview.jpg?side={side}&width=640")
    assert status == 200 and headers["Content-Type"] == "image/jpeg", (status, body)
    return int(headers["Memoface-Frame"]), body


def test_live_settings_change_the_next_frame(lab):
    """From the patch on, exactly: what was begun is as it was, what follows is as a run with the
    new setting makes it, and no face that is in the cache is computed again."""
    with Running(lab) as job:
        job.wait_for_frames(2 * N_DIFFERENT)
        before = job.drain()
        assert before["stages"]["swap"]["runs"] == N_DIFFERENT
        answer = job.patch(post_gamma_red=0.4)
        border = answer["first_frame"]
        assert answer["settings"] == {"post-gamma-red": 0.4} and answer["settings_version"] == 2
        assert 0 <= border - before["frames"] <= 2, (border, before["frames"])
        job.pause(False)
        after = job.wait_for_frames(border + 2 * N_DIFFERENT)
        index, picture = preview(job, "after")
        _, source = preview(job, "before")
        assert after["settings_version"] == 2
        assert after["settings"]["post-gamma-red"] == 0.4
    assert job.final["stages"]["swap"]["runs"] == N_DIFFERENT, "an inference was repeated"
    assert job.final["stages"]["post"]["runs"] == 2 * N_DIFFERENT
    old, new = offline(lab, job.clip), offline(lab, job.clip, "--post-gamma-red", "0.4")
    hashes = frame_hashes(job.output)
    assert len(hashes) > border + 2 * N_DIFFERENT
    for i, found in enumerate(hashes):
        wanted = (new if i >= border else old)[i % N_DIFFERENT]
        assert found == wanted, f"frame {i}, border {border}"
    check_preview(lab, job, index, picture)
    assert source != picture


def check_preview(lab, job, index, picture):
    """The preview shows the frame it says, as it was written."""
    size = 400 * 360 * 3
    shown = pixels_of_jpeg(lab, picture)
    written = raw_frames(job.output, "rgb24")[index * size:(index + 1) * size]
    unswapped = raw_frames(job.clip, "rgb24")
    place = index % N_DIFFERENT * size
    unswapped = unswapped[place:place + size]
    assert len(shown) == size, "400x360 is smaller than the width asked for"

    def difference(a, b):
        a, b = (numpy.frombuffer(part, numpy.uint8).astype(int) for part in (a, b))
        return abs(a - b).mean()
    assert difference(shown, written) < 3, difference(shown, written)
    assert difference(shown, written) < difference(shown, unswapped) / 2


def test_live_cache_and_threads_never_show(lab):
    """Every frame is as it should be while caches and threads change under it."""
    changes = [{"cache-size": "1M"}, {"parallel": False}, {"pre-cache": False, "post-cache": False},
               {"cache-size": 0}, {"parallel": True}, {"cache-size": "256M", "post-cache": True}]
    with Running(lab) as job:
        for change in changes:
            reached = job.stats()["frames"]
            status, answer = job.send("PATCH", "/api/v1/settings", change)
            assert status == 200, answer
            stats = job.wait_for_frames(reached + 8)
            if "cache-size" in change:
                limit = answer["settings"]["cache-size"]
                stats = job.wait_for(lambda s: s["cache"]["limit_bytes"] == limit)
                assert stats["cache"]["used_bytes"] <= max(limit, 1 << 20)
    old = offline(lab, job.clip)
    for i, found in enumerate(frame_hashes(job.output)):
        assert found == old[i % N_DIFFERENT], f"frame {i}"
    assert job.final["settings"]["cache-size"] == 256 << 20
    assert job.final["frames_failed"] == 0


def test_pause_and_resume(lab):
    with Running(lab) as job:
        job.wait_for_frames(5)
        paused = job.drain()
        assert paused["paused"] and paused["frames"] == job.stats()["frames"]
        job.pause(False)
        later = job.wait_for_frames(paused["frames"] + 5)
        assert not later["paused"] and later["paused_s"] >= 0.5
        job.drain()  # a signal must end a paused job, too
    frames = job.final["frames"]
    assert len(frame_hashes(job.output)) == frames
    assert job.final["paused_s"] > later["paused_s"]


def test_refusals(lab):
    """What is refused changes nothing."""
    with Running(lab) as job:
        job.wait_for_frames(1)
        before = job.settings()
        refused = [
            (403, "GET", "/api/v1/stats", None, {"Host": "rebound.example"}),
            (403, "GET", "/", None, {"Host": "rebound.example:80"}),
            (403, "GET", "/api/v1/stats", None, {"Origin": "http://evil.example"}),
            (403, "GET", "/api/v1/preview.jpg", None, {"Sec-Fetch-Site": "cross-site"}),
            (403, "PATCH", "/api/v1/settings", '{"opacity": 0}',
             {**JSON, "Origin": "http://evil.example"}),
            (403, "PUT", "/api/v1/paused", '{"paused": true}', {**JSON, "Origin": "null"}),
            (415, "PATCH", "/api/v1/settings", '{"opacity": 0}', {"Content-Type": "text/plain"}),
            (415, "PATCH", "/api/v1/settings", '{"opacity": 0}', {}),
            (413, "PATCH", "/api/v1/settings", '{"opacity": 0' + " " * 20000 + "}", JSON),
            (400, "PATCH", "/api/v1/settings", '{"opacity": 0,', JSON),
            (400, "PATCH", "/api/v1/settings", '[1]', JSON),
            (400, "PATCH", "/api/v1/settings", '{"opacity": null}', JSON),
            (400, "PATCH", "/api/v1/settings", '{"opacity": 0, "mask-blur": 401}', JSON),
            (400, "PATCH", "/api/v1/settings", '{"opacity": 0, "no-such": 1}', JSON),
            (409, "PATCH", "/api/v1/settings", '{"opacity": 0, "threads": 1}', JSON),
            (400, "PUT", "/api/v1/paused", '{"paused": 1}', JSON),
            (400, "GET", "/api/v1/preview.jpg?side=left", None, {}),
            (400, "GET", "/api/v1/preview.jpg?width=9999999999", None, {}),
            (404, "GET", "/api/v1/nothing", None, {}),
            (405, "DELETE", "/api/v1/settings", None, {}),
        ]
        for expected, method, path, body, headers in refused:
            status, answer_headers, answer = job.request(method, path, body, headers)
            assert status == expected, (expected, status, method, path, headers, answer)
            error = json.loads(answer)["error"]
            assert error["status"] == expected and error["message"]
            if status == 405:
                assert answer_headers["Allow"] == "GET, PATCH"
        assert job.settings() == before and not job.stats()["paused"]
        own = {"Origin": f"http://{job.address}", "Sec-Fetch-Site": "same-origin"}
        assert job.request("GET", "/api/v1/stats", headers=own)[0] == 200
        policy = job.request("GET", "/")[1]["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy


def test_token(lab):
    token = "correct-horse_7"
    with Running(lab, "--dashboard-token", token) as job:
        assert job.url.endswith(f"/?token={token}")
        for headers in ({}, {"Authorization": "Bearer correct-horse_8"},
                        {"Authorization": f"Basic {token}"}, {"Cookie": f"other={token}"}):
            assert job.request("GET", "/api/v1/stats", headers=headers)[0] == 401, headers
        assert job.request("GET", "/?token=")[0] == 401
        bearer = {"Authorization": f"Bearer {token}"}
        assert job.request("GET", "/metrics", headers=bearer)[0] == 200
        status, headers, _ = job.request("GET", f"/?token={token}")
        cookie = headers["Set-Cookie"]
        assert status == 200 and "HttpOnly" in cookie and "SameSite=Strict" in cookie, cookie
        held = {"Cookie": "theme=dark; " + cookie.split(";")[0]}
        assert job.request("GET", "/api/v1/stats", headers=held)[0] == 200
    bad = lab.swap(job.clip, lab.path("bad.mkv"), "--dashboard", "--dashboard-token", "short")
    assert bad.returncode == 2 and "8 to 64" in bad.stderr, bad.stderr
    bad = lab.swap(job.clip, lab.path("bad.mkv"), "--dashboard=example.com:80")
    assert bad.returncode == 2 and "no address" in bad.stderr, bad.stderr


def open_idle(job, n, first_bytes=b""):
    clients = []
    for _ in range(n):
        client = socket.create_connection(job.address.split(":"), timeout=30)
        client.sendall(first_bytes)
        clients.append(client)
    return clients


def test_clients_that_mean_no_good(lab):
    """Idle ones, half requests, streams nobody reads, a body without an end: the swap goes on, the
    file is right, and whoever comes after them is answered."""
    get_events = f"GET /api/v1/events HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    endless = (f"PATCH /api/v1/settings HTTP/1.1\r\nHost: {HOST}\r\n"
               "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").encode()
    with Running(lab) as job:
        clients = open_idle(job, 500)
        clients += open_idle(job, 20, b"GET /api/v1/stats HTTP/1.1\r\nHos")
        clients += open_idle(job, 40, get_events)
        clients += open_idle(job, 4, endless + b"4000\r\n" + b" " * 0x4000 + b"\r\n" + b"4000\r\n")
        time.sleep(1)
        stats = job.stats()  # answered although all places were taken
        job.wait_for_frames(stats["frames"] + 20)
        for client in clients:
            client.close()
    old = offline(lab, job.clip)
    for i, found in enumerate(frame_hashes(job.output)):
        assert found == old[i % N_DIFFERENT], f"frame {i}"


def test_events(lab):
    with Running(lab) as job:
        host, port = job.address.split(":")
        stream = socket.create_connection((host, int(port)), timeout=30)
        stream.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: {job.address}\r\n\r\n".encode())
        text = b""
        while text.count(b"event: stats\n") < 3:
            text += stream.recv(65536)
    while chunk := stream.recv(65536):
        text += chunk
    assert b"Content-Type: text/event-stream" in text
    assert b"event: end\n" in text, text[-200:]
    ids = [int(number) for number in re.findall(rb"^id: (\d+)$", text, re.M)]
    assert ids == sorted(ids) and len(ids) >= 4


METRIC = re.compile(r'(memoface_[a-z_]+)(\{[a-z]+="[^"\\\n]*"\})? (-?[0-9.e+-]+)')


def parse_metrics(text):
    """A strict reading of the text format: each family has its help and type, once, before its
    samples, which are all together and all different."""
    kinds, values, family = {}, {}, None
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert family not in kinds and line.split(" ", 3)[3]
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and kind in ("counter", "gauge")
            assert (kind == "counter") == name.endswith("_total"), name
            kinds[name] = kind
        else:
            name, labels, value = METRIC.fullmatch(line).groups()
            assert name == family and (name, labels) not in values
            values[name, labels] = float(value)
    return values


def test_metrics(lab):
    with Running(lab) as job:
        stats = job.wait_for_frames(5)
        text = job.get("/metrics").decode()
    values = parse_metrics(text)
    assert values["memoface_frames_total", None] >= stats["frames"]
    assert values["memoface_stage_runs_total", '{stage="swap"}'] >= stats["stages"]["swap"]["runs"]
    assert values["memoface_cache_limit_bytes", None] == stats["cache"]["limit_bytes"]
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                              text=True)
        assert done.returncode == 0 and not done.stderr, done.stderr
    else:
        print("promtool is not installed: checked by the parser of this test only")


def test_api_session_of_the_docs(lab):
    """The commands of docs/api.md do what the page says: each prints what stands below it."""
    text = (DOCS / "api.md").read_text()
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.M | re.S)
    assert blocks
    with Running(lab) as job:
        job.wait_for_frames(5)
        for block in blocks:
            for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
                command = command.replace("127.0.0.1:7878", job.address)
                done = subprocess.run(["bash", "-c", command], capture_output=True, text=True,
                                      cwd=lab.folder, timeout=60)
                assert done.returncode == 0, (command, done.stderr)
                shape = re.escape(expected).replace(re.escape("…"), r"[^\n]*")
                assert re.fullmatch(shape, done.stdout), (command, done.stdout, expected)


def test_trace_of_changed_settings(lab):
    """Each frame of a trace stands under the version of the settings it was made with."""
    trace = pathlib.Path(lab.path("live.trace"))
    with Running(lab, "--record-trace", str(trace)) as job:
        job.wait_for_frames(10)
        border = job.patch(post_gamma_red=0.4)["first_frame"]
        job.wait_for_frames(border + 10)
    version, counts = None, {}
    for line in trace.read_text().splitlines()[1:]:
        word, _, rest = line.partition(" ")
        if word == "job":
            version = rest
        elif word == "frame":
            counts[version] = counts.get(version, 0) + 1
    assert list(counts.values()) == [border, job.final["frames"] - border], (counts, border)


def test_second_dashboard_takes_another_port(lab):
    with Running(lab, dashboard="") as first, Running(lab, dashboard="", output="second.mkv") as second:
        assert first.address != second.address
        taken = lab.swap(first.clip, lab.path("third.mkv"), "--dashboard", second.address)
        assert taken.returncode == 6 and second.address in taken.stderr, taken.stderr
