#!/usr/bin/python3
"""Makes one self-contained page of HTML, CSS and JavaScript, as C source.

    embed_page.py OUT.c PAGE.html STYLE.css SCRIPT.js...

In the page a line with nothing but /*STYLE*/ or /*SCRIPT*/ is replaced by the files. The C source
also holds the Content-Security-Policy that allows just this style and this script, by their hashes.
"""

import base64
import hashlib
import pathlib
import re
import sys

POLICY = ("default-src 'none'; script-src '{script}'; style-src '{style}'; img-src 'self' blob: data:; "
          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


def source_hash(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def inside(page, tag):
    """What a browser hashes: all between the tags, to the byte."""
    return re.search(f"<{tag}>(.*)</{tag}>", page, re.S).group(1)


def main():
    out, page, style, *scripts = (pathlib.Path(name) for name in sys.argv[1:])
    script = "".join(path.read_text(encoding="utf-8") for path in scripts)
    text = page.read_text(encoding="utf-8")
    text = text.replace("/*STYLE*/\n", style.read_text(encoding="utf-8"))
    text = text.replace("/*SCRIPT*/\n", script)
    policy = POLICY.format(script=source_hash(inside(text, "script")),
                           style=source_hash(inside(text, "style")))
    data = text.encode()
    rows = (",".join(map(str, data[i:i + 24])) for i in range(0, len(data), 24))
    out.write_text('#include "serve/page.h"\n\n'
                   "const unsigned char mface_page[] = {\n" + ",\n".join(rows) + "\n};\n"
                   "const size_t mface_page_bytes = sizeof mface_page;\n"
                   f'const char mface_page_policy[] = "{policy}";\n', encoding="utf-8")


if __name__ == "__main__":
    main()
