#!/usr/bin/env bash
# The fast suite as in a bare container: a copy of the working tree, a user without privileges whom the system does not know
# (where root calls it; otherwise the same user), no HOME, a short PATH, ASCII output.
#     tests/bare.sh                        all of it
#     tests/bare.sh tests/test_report.py   arguments are pytest's
# PYTHON names the interpreter, `python` by default. That user must be allowed to run it: none below a home of another.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=$(command -v "${PYTHON:-python}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree" "$work/tmp"
cd "$root"
git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - | tar -x -C "$work/tree"

user=()
if [ "$(id -u)" = 0 ]; then
    chown -R 54321:54321 "$work"
    user=(setpriv --reuid=54321 --regid=54321 --clear-groups --inh-caps=-all --bounding-set=-all)
fi
cd "$work/tree"
"${user[@]}" env -i PATH=/usr/bin:/bin TMPDIR="$work/tmp" PYTHONIOENCODING=ascii "$python" -m pytest "$@"
