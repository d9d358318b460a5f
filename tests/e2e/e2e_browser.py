"""The dashboard's page in a real browser, with real clicks. Set MEMOFACE_SCREENSHOTS to a folder to
look at what it looked like."""

import time

import browser
from browser import Browser, CONTROL, ENTER, ESCAPE, LEFT, RELEASE
from media import frame_hashes
from running import N_DIFFERENT, Running


def needs_browser(test):
    def run(lab):
        if browser.is_installed():
            return test(lab)
        print(f"# skipped: {test.__name__}: chromium and chromium-driver are not installed")
    run.__name__ = test.__name__
    return run


def path_of(page, chart):
    return page.run("return document.querySelector(arguments[0]).getAttribute('d')",
                    f"#chart-{chart} .s0")


def open_page(job, page):
    page.open(job.url)
    page.wait_for("return document.querySelector('#state').textContent === 'Running'")
    page.wait_for("return document.querySelector('#set-post-gamma-red-slider') !== null")


def wait_until_shown(job, page, key, timeout_s=40):
    """What a field shows, once the job has the same: a drag sends several values, and for as long as
    they are under way the two differ."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        shown = page.run("return Number(document.querySelector(arguments[0]).value)", f"#set-{key}")
        if abs(shown - job.settings()[key]) < 1e-9:
            return shown
        time.sleep(0.1)
    raise AssertionError(f"{key}: the page shows {shown}, the job has {job.settings()[key]}")


def type_over(page, field, text):
    """Selects what is in a field and types."""
    page.press(field, CONTROL + "a" + RELEASE + text)


@needs_browser
def test_page_steers_a_running_swap(lab):
    with Running(lab) as job, Browser() as page:
        open_page(job, page)
        job.wait_for_frames(N_DIFFERENT + 2)

        first = {chart: path_of(page, chart) for chart in ("fps", "cpu", "hits", "memory", "latency")}
        for chart, path in first.items():
            page.wait_for("return document.querySelector(arguments[0]).getAttribute('d') !== arguments[1]",
                          f"#chart-{chart} .s0", path)
        for side in ("before", "after"):
            source = page.wait_for(f"const i = document.querySelector('#{side}');"
                                   "return i.complete && i.naturalWidth > 0 && i.src")
            page.wait_for(f"return document.querySelector('#{side}').src !== arguments[0]", source)

        # A slider, by mouse: the job has it, and no inference is run for it.
        page.drag_slider("#set-post-gamma-red-slider", 0.1)
        shown = wait_until_shown(job, page, "post-gamma-red")
        assert shown < 0.7, shown
        page.wait_for("return document.querySelector('#announce').textContent === arguments[0]",
                      f"post-gamma-red is now {shown}")
        job.wait_for_frames(job.stats()["frames"] + N_DIFFERENT)
        assert job.stats()["stages"]["swap"]["runs"] == N_DIFFERENT

        # The same slider by keyboard.
        page.press("#set-opacity-slider", LEFT * 10)
        job.wait_for(lambda s: abs(s["settings"]["opacity"] - 0.9) < 1e-9)

        # Switch, choice, cache size by its slider and as text.
        page.click("#set-mask-celeb")
        job.wait_for(lambda s: s["settings"]["mask-celeb"] is False)
        page.run("document.querySelector('#set-color-transfer').scrollIntoView({block: 'center'})")
        page.click("#set-color-transfer option[value=none]")
        job.wait_for(lambda s: s["settings"]["color-transfer"] == "none")
        page.drag_slider("#set-cache-size-slider", 0)
        job.wait_for(lambda s: s["cache"]["limit_bytes"] == 0)
        type_over(page, "#set-cache-size", "96M" + ENTER)
        job.wait_for(lambda s: s["cache"]["limit_bytes"] == 96 << 20)

        # What is not accepted is said at the place, and changes nothing.
        problem = "return document.querySelector('#set-mask-blur-problem').textContent"
        type_over(page, "#set-mask-blur", "999" + ENTER)
        page.wait_for(f"{problem}.includes('0..400')")
        assert job.settings()["mask-blur"] == 25

        # Another client's changes arrive here, but not over what is being typed; Escape gives it up.
        type_over(page, "#set-mask-blur", "3")
        job.patch(mask_erode=17, mask_blur=40)
        page.wait_for("return document.querySelector('#set-mask-erode').value === '17'")
        shown = "return document.querySelector('#set-mask-blur').value"
        assert page.run(shown) == "3"
        page.press("#set-mask-blur", ESCAPE)
        assert page.run(shown) == "40" and page.run(problem) == ""
        assert wait_until_shown(job, page, "mask-blur") == 40

        page.click("#pause")
        page.wait_for("return document.querySelector('#state').textContent === 'Paused'")
        assert job.stats()["paused"]
        page.click("#pause")
        page.wait_for("return document.querySelector('#state').textContent === 'Running'")
        assert not job.stats()["paused"]
        assert_contrast(page)
        page.screenshot("desktop-light")
        noise = [entry["message"] for entry in page.complaints()
                 if "400 (Bad Request)" not in entry["message"]
                 and "503 (Service Unavailable)" not in entry["message"]]
        assert not noise, noise
        job.interrupt()
        page.wait_for("return ['Ended', 'Connection lost'].includes(document.querySelector('#state').textContent)")
        assert page.run("return document.querySelector('#pause').disabled"
                        " && document.querySelector('#settings').inert")
    assert job.final["frames_failed"] == 0
    assert len(frame_hashes(job.output)) == job.final["frames"]


CONTRASTS = """
const probe = document.body.appendChild(document.createElement('i'));
const light = (name) => {
  probe.style.color = `var(--${name})`;
  const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g).map((c) => c / 255)
    .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
};
const ratio = (a, b) => Math.max(light(a) / light(b), light(b) / light(a));
const rows = ['text', 'muted', 'accent', 'good', 'warn', 'bad', 'second', 'third', 'track']
  .flatMap((name) => ['card', 'bg'].map((ground) => [`${name} on ${ground}`, ratio(name, ground)]));
probe.remove();
return rows;
"""


def assert_contrast(page):
    """WCAG 2: 4.5 for text, 3 for the outlines of controls and the lines of charts."""
    for name, ratio in page.run(CONTRASTS):
        is_text = name.split()[0] not in ("second", "third", "track")
        assert ratio >= (4.5 if is_text else 3), (name, ratio)


@needs_browser
def test_page_on_a_phone_in_the_dark(lab):
    """Nothing sticks out, everything has a name and a size that a thumb can hit."""
    with Running(lab, "--dashboard-token", "a-token-of-the-test") as job:
        with Browser(size=(375, 740), dark=True) as page:
            open_page(job, page)
            assert page.run("return location.search") == "", "the token stays in the address"
            page.wait_for("return document.querySelector('#after').naturalWidth > 0")
            page.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
            width = page.run("return document.documentElement.scrollWidth")
            assert width <= 375, f"the page is {width} px wide"
            nameless = page.run(
                "return [...document.querySelectorAll('input, select, button, img, progress')]"
                ".filter((e) => !(e.labels?.length || e.ariaLabel || e.alt || e.textContent.trim()))"
                ".map((e) => e.id)")
            assert not nameless, nameless
            small = page.run(
                "return [...document.querySelectorAll('button, select, input:not([type=range])')]"
                ".filter((e) => e.getBoundingClientRect().height < 28).map((e) => e.id)")
            assert not small, small
            wide = page.run("const t = document.querySelector('.scroll');"
                            "return t.scrollWidth - t.clientWidth")
            assert wide <= 0, f"the table of stages sticks out by {wide} px"
            colors = page.run("const s = getComputedStyle(document.body);"
                              "return [s.backgroundColor, s.color].map((c) => c.match(/\\d+/g).map(Number))")
            assert sum(colors[0]) < 150 < 500 < sum(colors[1]), colors
            page.click("#set-parallel")
            page.wait_for("return document.querySelector('#announce').textContent === 'parallel is now off'")
            page.run("document.querySelectorAll('details').forEach((d) => { d.open = false; })")
            page.screenshot("phone-dark")
            noise = [entry["message"] for entry in page.complaints()
                     if "503 (Service Unavailable)" not in entry["message"]]
            assert not noise, noise
        with Browser(dark=True) as page:
            open_page(job, page)
            page.wait_for("return document.querySelector('#after').naturalWidth > 0")
            assert_contrast(page)
            page.screenshot("desktop-dark")
