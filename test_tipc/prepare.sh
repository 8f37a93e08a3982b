#!/usr/bin/env bash
# What a test needs: the packages, and a small data set. bash test_tipc/prepare.sh CONFIG MODE
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common_func.sh"
tipc_begin "$@"

requirements=requirements.txt
"$python" -c 'from importlib.util import find_spec; raise SystemExit(find_spec("paddle") is None)' || requirements=requirements-cpu.txt
"$python" -m pip install -q -r "$requirements"

data=$(value_of 12)  # mnist-5k comes with the packages: there is nothing to download
"$python" -c "import data; d = data.load('$data'); print(f'$data: {len(d.train):,} images to train on, {len(d.heldout):,} held out')"
