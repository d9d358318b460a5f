#!/bin/bash
# Checks what needs no build: C format, layers, C with cppcheck, shell and Python scripts.
#
#   tools/lint.sh          prints what is wrong; exit code 1 if anything is
#   tools/lint.sh --fix    formats the C sources instead
#
# A checker that is not installed is named and skipped; tools/setup.sh --dev installs them all.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
PYTHON=${PYTHON:-/usr/bin/python3}

files() { # PATTERN...: files of the project, tracked or new, not ignored ones
    git ls-files --cached --others --exclude-standard -- "$@" | while read -r path; do
        [ -f "$path" ] && echo "$path"
    done
}

mapfile -t c_files < <(files '*.c' '*.h')
mapfile -t shell_files < <(files '*.sh' '.ci/run')
mapfile -t python_files < <(files '*.py')
mapfile -t node_files < <(files '*.mjs')

if [ "${1:-}" = --fix ]; then
    exec clang-format -i "${c_files[@]}"
fi

failed=0
step() { # NAME TOOL COMMAND...
    local name=$1 tool=$2 output
    shift 2
    if ! command -v "$tool" >/dev/null; then
        echo "lint: $name skipped, $tool is not installed"
    elif ! output=$("$@" 2>&1); then
        echo "lint: $name"
        echo "$output"
        failed=1
    fi
}

step "C format (make fmt mends it)" clang-format clang-format --dry-run -Werror "${c_files[@]}"
step layers "$PYTHON" "$PYTHON" tests/layers.py .
# Its guesses about uninitialised values and arguments of log() fail on loops over a rank or a row;
# the compiler's and the sanitizers' verdicts serve there.
step cppcheck cppcheck cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -j 2 \
    --enable=warning --suppress=uninitvar --suppress=invalidFunctionArg --suppress=unknownMacro \
    -Iinclude -Isrc src cli
for file in "${shell_files[@]}"; do
    step "shell syntax" bash bash -n "$file"
done
step shellcheck shellcheck shellcheck --severity=warning "${shell_files[@]}"
step "Python syntax" "$PYTHON" env PYTHONPYCACHEPREFIX=build/pycache \
    "$PYTHON" -m py_compile "${python_files[@]}"
for file in "${node_files[@]}"; do
    step "JavaScript syntax" node node --check "$file"
done
exit $failed
