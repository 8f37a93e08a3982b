"""An exported generator as ONNX, converted by paddle2onnx and run by onnxruntime, neither of which anything else needs."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np

from errors import UserError

FILE, NEEDS = "generator.onnx", ("paddle2onnx", "onnx", "onnxruntime")
OPSET = 11  # has all that generators are made of, and every runtime of the last years reads it
# in a process of its own, which paddle2onnx ends where it cannot convert something; it is given no file to save to:
# with one it folds constants, and installs packages by pip for that
CONVERT = """
import sys, paddle2onnx
graph, weights, out, opset = sys.argv[1:]
raw = paddle2onnx.export(graph, weights, None, int(opset), verbose=False)
with open(out, "wb") as file:
    file.write(raw)
"""


def check_installed() -> None:
    """Raise UserError unless the packages are there. Nothing is imported."""
    if missing := [name for name in NEEDS if importlib.util.find_spec(name) is None]:
        raise UserError(f"--onnx needs {', '.join(missing)}: pip install -r requirements-onnx.txt")


def write(graph: Path, weights: Path, out: Path, given: list[np.ndarray]) -> np.ndarray:
    """Convert `graph` and `weights` into the file `out`, and return what onnxruntime makes with it of z, or of z and labels.

    Raises UserError if these packages do not work with this Paddle.
    """
    command = [sys.executable, "-c", CONVERT, *map(str, (graph, weights, out, OPSET))]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace")
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    if done.returncode or not out.exists():
        raise _error(next((line for line in said if "ERROR" in line), (said or ["nothing"])[-1]))
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    try:
        session = onnxruntime.InferenceSession(str(out), options, providers=["CPUExecutionProvider"])
        names = [entry.name for entry in session.get_inputs()]
        return session.run(None, dict(zip(names, given, strict=True)))[0]
    except Exception as error:  # of C++
        raise _error(str(error).strip()) from None


def _error(said):
    import paddle

    pair = f"paddle2onnx {metadata.version('paddle2onnx')} and Paddle {paddle.__version__}"
    said = re.sub(r"\x1b\[[0-9;]*m", "", said)  # colours
    return UserError(f"--onnx: {pair} cannot convert this generator; docs/guide.md says which can. They say: {said}")
