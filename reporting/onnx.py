"""An exported generator as ONNX, converted by paddle2onnx and run by onnxruntime, neither of which anything else needs."""

from __future__ import annotations

import importlib
import importlib.util
from importlib import metadata
from pathlib import Path

import numpy as np

from errors import UserError

FILE, NEEDS = "generator.onnx", ("paddle2onnx", "onnx", "onnxruntime")
OPSET = 11  # has all that generators are made of, and every runtime of the last years reads it


def check_installed() -> None:
    """Raise UserError unless the packages are there. Nothing is imported."""
    if missing := [name for name in NEEDS if importlib.util.find_spec(name) is None]:
        raise UserError(f"--onnx needs {' and '.join(missing)}: pip install -r requirements-onnx.txt")


def write(graph: Path, weights: Path, out: Path, z: np.ndarray) -> np.ndarray:
    """Convert `graph` and `weights` into the file `out`, and return what onnxruntime makes of z with it.

    Raises UserError if these packages do not work with this Paddle.
    """
    import paddle

    try:
        importlib.import_module("paddle2onnx").export(str(graph), str(weights), str(out), opset_version=OPSET, verbose=False)
        session = importlib.import_module("onnxruntime").InferenceSession(str(out), providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: z})[0]
    except OSError:
        raise
    except Exception as error:  # of C++, or of an import: paddle2onnx is built for some versions of Paddle
        last = (str(error).strip() or type(error).__name__).splitlines()[-1]
        pair = f"paddle2onnx {metadata.version('paddle2onnx')} with Paddle {paddle.__version__}"
        raise UserError(f"--onnx: {pair} cannot convert the generator (docs/guide.md says which can): {last}") from None
