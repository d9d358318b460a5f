#!/usr/bin/python3
"""Writes requests for fuzz_http to start from.

    make_http_corpus.py FOLDER
"""

import pathlib
import sys

AUTHORIZED = "authorization: Bearer abcdefgh\n"
REQUESTS = [
    "GET /\ntoken: abcdefgh\n\n",
    "GET /metrics\n" + AUTHORIZED + "\n",
    "GET /api/v1/stats\nhost: localhost:7878\norigin: http://localhost:7878\n" + AUTHORIZED + "\n",
    "GET /api/v1/stats\nhost: [::1]:80\nsite: cross-site\ncookie: a=b; memoface-1=abcdefgh\n\n",
    "GET /api/v1/settings\nhost: studio.local\ncookie: memoface-1=abcdefgh\n\n",
    "GET /api/v1/preview.jpg\nside: before\nwidth: 320\n\n",
    "GET /api/v1/events\n\n",
    "PUT /api/v1/paused\ntype: application/json\n" + AUTHORIZED + '\n{"paused": true}',
    "PATCH /api/v1/settings\ntype: application/json\n" + AUTHORIZED +
    '\n{"opacity": 0.5, "cache-size": "64M", "two-pass": true, "color-transfer": "none"}',
    "PATCH /api/v1/settings\ntype: application/json; charset=utf-8\n"
    '\n{"mask-erode": -3, "threads": 2, "post-gamma-red": 1e1}',
]


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for i, request in enumerate(REQUESTS):
        (folder / f"request{i}").write_text(request, encoding="utf-8")


if __name__ == "__main__":
    main()
