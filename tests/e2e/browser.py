"""A headless Chromium, driven through chromedriver by WebDriver (W3C), which is plain HTTP."""

import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key by which WebDriver names elements
RELEASE, ENTER, CONTROL, ESCAPE, LEFT = "\ue000", "\ue007", "\ue009", "\ue00c", "\ue012"


def is_installed():
    return shutil.which("chromedriver") and shutil.which("chromium")


class Browser:
    def __init__(self, size=(1280, 900), dark=False):
        self.size, self.dark = size, dark

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="memoface-browser-")
        self.process = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if match := re.search(r"started successfully on port (\d+)", line):
                break
        else:
            raise AssertionError("chromedriver did not start")
        self.connection = http.client.HTTPConnection("127.0.0.1", int(match.group(1)), timeout=120)
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--disable-background-networking", "--no-first-run", "--hide-scrollbars",
                     f"--user-data-dir={self.folder}", f"--window-size={self.size[0]},{self.size[1]}"]
        capabilities = {"alwaysMatch": {"goog:chromeOptions": {"args": arguments},
                                        "goog:loggingPrefs": {"browser": "ALL"}}}
        self.session = self.command("POST", "/session", {"capabilities": capabilities})["sessionId"]
        self.cdp("Emulation.setDeviceMetricsOverride", width=self.size[0], height=self.size[1],
                 deviceScaleFactor=1, mobile=False)
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if self.dark else "light"}])
        return self

    def __exit__(self, *failure):
        try:
            self.command("DELETE", f"/session/{self.session}")
        finally:
            self.process.terminate()
            self.process.wait(timeout=30)
            shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, method, path, body=None):
        self.connection.request(method, path, None if body is None else json.dumps(body),
                                {"Content-Type": "application/json"})
        value = json.loads(self.connection.getresponse().read())["value"]
        if isinstance(value, dict) and "error" in value:
            raise AssertionError(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def call(self, method, path, **body):
        return self.command(method, f"/session/{self.session}{path}", body if method == "POST" else None)

    def cdp(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", cmd=command, params=parameters)

    def open(self, url):
        self.call("POST", "/url", url=url)

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", script=script, args=list(arguments))

    def find(self, selector):
        found = self.call("POST", "/element", using="css selector", value=selector)
        return found[ELEMENT]

    def click(self, selector):
        """A real click, at the middle of what the selector finds, scrolled into view."""
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)
        self.call("POST", f"/element/{self.find(selector)}/click")

    def press(self, selector, text):
        self.call("POST", f"/element/{self.find(selector)}/value", text=text)

    def drag_slider(self, selector, share):
        """Pulls the slider's thumb with the pointer to a share of its length."""
        box = self.run("const e = document.querySelector(arguments[0]);"
                       "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
                       "return [r.left, r.top, r.width, r.height, (e.value - e.min) / (e.max - e.min)]",
                       selector)
        left, top, width, height, now = box
        margin = 8  # half a thumb

        def x(at):
            return round(left + margin + (width - 2 * margin) * at)
        y = round(top + height / 2)
        moves = [{"type": "pointerMove", "duration": 0, "x": x(now), "y": y},
                 {"type": "pointerDown", "button": 0}]
        moves += [{"type": "pointerMove", "duration": 40, "x": x(now + (share - now) * i / 8), "y": y}
                  for i in range(1, 9)]
        moves += [{"type": "pointerUp", "button": 0}]
        self.call("POST", "/actions", actions=[
            {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"},
             "actions": moves}])

    def wait_for(self, script, *arguments, timeout_s=40):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if value := self.run(script, *arguments):
                return value
            time.sleep(0.1)
        raise AssertionError(f"did not come about: {script} {arguments}")

    def complaints(self):
        """What the page made the console say: errors, and violations of its own policy."""
        return self.call("POST", "/se/log", type="browser")

    def screenshot(self, name):
        """The whole page, into $MEMOFACE_SCREENSHOTS, if anybody wants to look at it."""
        folder = os.environ.get("MEMOFACE_SCREENSHOTS")
        if not folder:
            return
        self.run("scrollTo(0, 0)")
        height = self.run("return document.documentElement.scrollHeight")
        picture = self.cdp("Page.captureScreenshot", captureBeyondViewport=True, clip={
            "x": 0, "y": 0, "width": self.size[0], "height": height, "scale": 1})
        pathlib.Path(folder, name + ".png").write_bytes(base64.b64decode(picture["data"]))
