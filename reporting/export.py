"""A generator for Paddle Inference: written by paddle.jit.save, loaded back, and compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import paddle

from errors import UserError
from reporting.samples import noise
from training import runtime
from training.sampling import generate

if TYPE_CHECKING:
    from training.trainer import GANTrainer

CHECKED = 8  # samples
TOLERANCE = 1e-4  # of values in [−1, 1]: the graph holds Paddle's own convolutions, whose sums are in another order


def write(trainer: GANTrainer, out: str | Path, pdparams: bool = False) -> tuple[list[Path], float]:
    """generator.json and generator.pdiparams below `out`, and generator.pdparams if asked for.

    The graph takes z, float32 N×latent for any N, and returns N×C×H×W in [−1, 1] (points N×2) with batch norm's running
    statistics. Returns (paths, largest difference between the loaded graph's output and the generator's). Raises UserError.
    """
    out, generator = Path(out), trainer.sampler
    z = noise(0, CHECKED, trainer.recipe.latent)
    expected = generate(generator, z)
    generator.eval()
    try:
        out.mkdir(parents=True, exist_ok=True)
        spec = [paddle.static.InputSpec([None, trainer.recipe.latent], "float32", "z")]
        with runtime.temporary_home():
            static = paddle.jit.to_static(generator, input_spec=spec, full_graph=True)
            paddle.jit.save(static, str(out / "generator"))
        if pdparams:
            paddle.save(generator.state_dict(), str(out / "generator.pdparams"))
    except OSError as error:
        raise UserError(f"--export {out} cannot be written: {error.strerror or error}") from None
    loaded = paddle.jit.load(str(out / "generator"))
    loaded.eval()
    with paddle.no_grad():
        difference = float(np.abs(loaded(paddle.to_tensor(z)).numpy() - expected).max())
    if not difference <= TOLERANCE:
        raise UserError(f"--export {out}: the loaded graph differs from the generator by {difference:.2g}: do not use it")
    return sorted(out.glob("generator.*")), difference
