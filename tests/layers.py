#!/usr/bin/python3
"""Checks that modules include only what they may.

    layers.py [ROOT]

The tables below say who may include whom; ARCHITECTURE.md explains why. Violations are printed as
file:line. A module may always include itself and the public headers; public headers include only
one another.
"""

import pathlib
import re
import sys

# Folder of src/ -> folders of src/ it may include.
MODULES = {
    "base": [],
    "image": ["base"],
    "cache": ["base"],
    "onnx": ["base"],
    "media": ["base", "image"],
    "face": ["base", "image", "onnx"],
    "swap": ["base", "image", "onnx", "face"],
    "pipeline": ["base", "image", "cache", "onnx", "media", "face", "swap"],
    "study": ["base", "media", "pipeline"],
    "monitor": ["base"],
    "serve": ["base"],
}
# They see the public API and their own folder.
CLIENTS = ["cli", "plugins"]
# Beginning of a library's header -> the modules that may include it; the others stay free of it.
LIBRARIES = {
    "dnnl": ["onnx"],
    "xxhash": ["base"],
    "jansson": ["serve", "study"],
    "microhttpd": ["serve"],
    "libavcodec": ["media"],
    "libavdevice": ["media"],
    "libavfilter": ["media"],
    "libavformat": ["media"],
    "libavutil": ["media", "swap"],  # swap: SHA-256 of model files
    "libsw": ["media"],
}

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def module_of(path):
    parts = path.parts
    if parts[0] == "src":
        return parts[1]
    return "public" if parts[0] == "include" else parts[0]


def offence(path, module, quote, name):
    """What is wrong with one #include, or None."""
    folder = name.split("/")[0]
    if quote == "<":
        for library, users in LIBRARIES.items():
            if name.startswith(library) and module not in users:
                return f"only {', '.join(users)} may include <{name}>"
        return None
    if ".." in name.split("/"):
        return f'"{name}" climbs out of its folder'
    if module == "public":
        return f'a public header includes the internal "{name}"'
    if module in CLIENTS:
        own = "/" not in name or folder == module
        return None if own else f'{module} sees the public API only, not "{name}"'
    if "/" not in name:
        return f'"{name}" should be written "{module}/{name}"'
    if folder == module or folder in MODULES[module]:
        return None
    return f'{module} may not include {folder} ("{name}")'


def check(root):
    offences, n_includes = [], 0
    for top in ("include", "src", *CLIENTS):
        for path in sorted((root / top).rglob("*.[ch]")):
            relative = path.relative_to(root)
            module = module_of(relative)
            if relative.parts[0] == "src" and module not in MODULES:
                offences.append(f"{relative}:1: '{module}' is not a module of the table")
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                n_includes += 1
                wrong = offence(relative, module, *match.groups())
                if wrong:
                    offences.append(f"{relative}:{number}: {wrong}")
    return offences, n_includes


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    offences, n_includes = check(root if root.is_dir() else root.parent.parent)
    print("\n".join(offences) if offences else f"layers: {n_includes} includes as they should be")
    # A check that saw nothing proves nothing.
    sys.exit(1 if offences or n_includes == 0 else 0)


if __name__ == "__main__":
    main()
