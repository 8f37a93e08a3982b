"""A generator for Paddle Inference: written by paddle.jit.save, loaded back, and compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import paddle

from errors import UserError, WriteError
from reporting import inference, onnx
from reporting.samples import plan
from storage import writing
from training import runtime
from training.sampling import generate

if TYPE_CHECKING:
    from training.trainer import GANTrainer

CHECKED = 8  # samples
TOLERANCE = 1e-4  # of the largest value: the graph holds Paddle's own convolutions, whose sums are in another order


def write(
    trainer: GANTrainer, state: dict, out: str | Path, pdparams: bool = False, with_onnx: bool = False
) -> tuple[list[Path], float]:
    """generator.json and generator.pdiparams below `out`, generator.pdparams and generator.onnx if asked for, and export.json,
    which infer.py reads.

    The graph takes z, float32 N×latent for any N, and of a conditional generator `label`, int64 N, too; it returns N×C×H×W in
    [−1, 1] (points N×2) with batch norm's running statistics. state: of the checkpoint. Returns (paths, largest difference
    between the outputs of what was written and the generator's). Raises UserError.
    """
    out, generator, recipe = Path(out), trainer.sampler, trainer.recipe
    z, labels, _ = plan(0, CHECKED, recipe.latent, trainer.classes)
    given = [z] if labels is None else [z, labels]
    expected = generate(generator, z, labels=labels)
    generator.eval()
    spec = [paddle.static.InputSpec([None, recipe.latent], "float32", "z")]
    spec += [] if labels is None else [paddle.static.InputSpec([None], "int64", "label")]
    static = paddle.jit.to_static(generator, input_spec=spec, full_graph=True)
    with writing.filling(out) as folder, runtime.temporary_home():  # only what is right when it is read again is left there
        try:
            paddle.jit.save(static, str(folder / "generator"))
            if pdparams:
                paddle.save(generator.state_dict(), str(folder / "generator.pdparams"))
            loaded = paddle.jit.load(str(folder / "generator"))
            loaded.eval()
            with paddle.no_grad():
                difference = float(np.abs(loaded(*map(paddle.to_tensor, given)).numpy() - expected).max())
            if with_onnx:
                graph = next(folder / name for name in inference.GRAPHS if (folder / name).exists())
                made = onnx.write(graph, folder / inference.WEIGHTS, folder / onnx.FILE, given)
                difference = max(difference, float(np.abs(made - expected).max()))
        except UserError:
            raise
        except Exception as error:  # Paddle writes half a file without a word, and stumbles over it when it reads it
            last = (str(error).strip() or type(error).__name__).splitlines()[-1]
            raise WriteError(f"{out} cannot be written, for want of room perhaps; Paddle says: {last}") from None
        if not difference <= TOLERANCE * np.abs(expected).max():
            raise UserError(f"--export {out}: the loaded graph differs from the generator by {difference:.2g}: do not use it")
        record = inference.record(folder, recipe, state)
        writing.write_text(folder / inference.RECORD, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return sorted(out.glob("generator.*")), difference
