"""The checks of a GPU, each a function of a device that returns what it found: 'passed' (None: left out, and why) and figures.

All but amp's and the cards' can be done of the CPU itself, where nothing may differ.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.worker import recipe_of, sustained
from errors import TrainingError, UserError
from experiments import ROOT
from training import checkpoint, log, runtime, session
from training import recipe as recipes
from training.recipe import Recipe

MODELS = ("wgan-paper", "wgan-gp-paper")  # clipping and RMSProp; the penalty's double gradients and Adam
SMALL = {"filters": 16, "units": 128, "batch_size": 16, "n_critic": 2, "ema": 0.9, "decay": False, "warm_up": False}
ALIGNED = 5  # generator steps
# largest differences, relative to the largest value: float64's rounding, TF32's 10 bits of a product, bfloat16's 7
FLOAT64, FLOAT32, BFLOAT16 = 1e-6, 5e-3, 5e-2
STEPS = 20  # of a run in a folder
FIRST = 2  # steps of two cards: in float32, two trainings of one recipe part company soon
PATIENCE = 600  # seconds that a command may take
Figures = dict[str, Any]


def small(model: str, network: str = "dcgan", **more: Any) -> Recipe:
    return recipes.load(model, overrides={"network": network, "data": "mnist-5k", **SMALL, **more})


def difference(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    """The largest difference of two sets of arrays, each relative to the largest value of its array; inf for a NaN."""
    found = [np.abs(a - other[name]).max() / max(np.abs(a).max(), 1e-30) for name, a in one.items() if a.size]
    return float(max(np.nan_to_num(found, nan=np.inf)))


class Trial:
    """A trainer on `device` in `dtype`, with the weights of the trial `like`, or of its seed."""

    def __init__(self, device: str, recipe: Recipe, dtype: Literal["float32", "float64"] = "float32", like: Trial | None = None):
        import paddle

        from training.trainer import GANTrainer

        self.device, self.dtype = device, dtype
        with self:
            self.trainer = GANTrainer(recipe, (1, 32, 32))
            self.first = {part: arrays for part, arrays in self.trainer.parts().items() if "optimizer" not in part}
            if like:
                for part, arrays in like.first.items():
                    getattr(self.trainer, part).set_state_dict({name: paddle.to_tensor(a) for name, a in arrays.items()})

    def __enter__(self):
        import paddle

        self._before: tuple[str, Any] = paddle.device.get_device(), paddle.get_default_dtype()
        paddle.set_device(self.device)
        paddle.set_default_dtype(self.dtype)

    def __exit__(self, *_):
        import paddle

        paddle.set_device(self._before[0])
        paddle.set_default_dtype(self._before[1])

    def real(self, step: int) -> Any:
        """A batch of what stands for real images."""
        import paddle

        count = self.trainer.recipe.batch_size
        images = np.random.default_rng(step).uniform(-1, 1, [count, *self.trainer.shape])
        return paddle.to_tensor(images.astype(self.dtype))

    def outputs(self) -> dict[str, np.ndarray]:
        """What generator and critic make of the same input, as they are trained."""
        with self, self.trainer.frozen_batch_norm_statistics():
            fake = self.trainer.players["generator"](self.trainer.noise("critic noise", 0))
            outputs = {"generator": fake, "critic": self.trainer.players["critic"](self.real(0))}
            return {name: tensor.numpy() for name, tensor in outputs.items()}

    def step(self, step: int) -> list[float]:
        """A generator step with its critic steps. Returns the losses."""
        with self:
            critic = [self.trainer.critic_step(self.real(step)).loss for _ in range(self.trainer.recipe.n_critic)]
            return [float(loss) for loss in (*critic, self.trainer.generator_step(step))]

    def train(self) -> dict[str, np.ndarray]:
        """The losses of ALIGNED steps, and the networks after them."""
        losses = np.array([self.step(step) for step in range(ALIGNED)])
        with self:
            parts = self.trainer.parts()
        named = {f"{part} {name}": array for part in self.first for name, array in parts[part].items()}
        return {"losses": losses, **named}


def alignment(device: str, model: str, network: str) -> Figures:
    """Outputs in float32 and float64, and ALIGNED training steps in float64, of the CPU and of `device`."""
    figures, recipe = {}, small(model, network)
    dtypes: tuple[Literal["float32", "float64"], ...] = ("float32", "float64")
    for dtype in dtypes:
        ours = Trial("cpu", recipe, dtype)
        theirs = Trial(device, recipe, dtype, like=ours)
        figures[f"outputs, {dtype}"] = difference(ours.outputs(), theirs.outputs())
    figures["training, float64"] = difference(ours.train(), theirs.train())
    exact = max(value for name, value in figures.items() if "float64" in name)
    return {"passed": figures["outputs, float32"] <= FLOAT32 and exact <= FLOAT64, **figures}


def amp(device: str, model: str) -> Figures:
    """bfloat16 beside float32 on one device: outputs, losses of the first step, milliseconds of a step."""
    import paddle

    before = paddle.device.get_device()
    try:
        paddle.set_device(device)
        runtime.check_amp(True)
    except UserError as error:
        return {"passed": None, "why": str(error)}
    finally:
        paddle.set_device(before)
    plain = Trial(device, small(model))
    mixed = Trial(device, small(model, amp=True), like=plain)
    figures = {"outputs": difference(plain.outputs(), mixed.outputs())}
    losses = [{"losses": np.array(trial.step(0))} for trial in (plain, mixed)]
    figures["losses"] = difference(*losses)
    for name, trial in (("float32", plain), ("bfloat16", mixed)):
        figures[f"{name}, ms"] = 1e3 * sustained(partial(trial.step, 1), 20, time.perf_counter)
    # equal outputs would mean that nothing was computed in bfloat16
    return {"passed": 0 < figures["outputs"] <= BFLOAT16 and figures["losses"] <= BFLOAT16, **figures}


def resume(device: str, model: str) -> Figures:
    """Whether two runs of 2·STEPS steps, one of them interrupted in the middle, end with the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        whole, parted = Path(folder, "whole"), Path(folder, "parted")
        session.train(small(model, steps=2 * STEPS), whole, device=device)
        session.train(small(model, steps=STEPS), parted, device=device)
        session.train(small(model, steps=2 * STEPS), parted, device=device, resume=True)
        ends = [checkpoint.path_of(run, 2 * STEPS).glob("*.safetensors") for run in (whole, parted)]
        one, other = ({path.name: path.read_bytes() for path in paths} for paths in ends)
    differ = sorted(name for name in one if one[name] != other[name])
    return {"passed": bool(one) and not differ, "files": len(one), "files that differ": differ}


def run(*words: Any) -> None:
    """A command of the project. Raises TrainingError with its last line if it fails."""
    done = subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        last = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()][-1:]
        raise TrainingError(f"{words[0]} ended with status {done.returncode}: {''.join(last)[:300]}")


def settings(recipe: Recipe, steps: int) -> list[str]:
    """train.py's flags for a small recipe of mnist-5k that logs each step."""
    wanted = {**SMALL, "steps": steps, "log_every": 1}
    return ["--model", recipe.model, *(word for key, value in wanted.items() for word in ("-o", f"{key}={value}"))]


def commands(device: str) -> Figures:
    """Train, score, draw, export with its own check, and draw from that, each by its command."""
    with tempfile.TemporaryDirectory() as folder:
        at, place = Path(folder, "run"), ["--device", device]
        run("train.py", *settings(small("wgan-paper"), STEPS), "--out", at, *place)
        run("eval.py", at, "--samples", 200, *place)
        run("sample.py", at, "--export", Path(folder, "exported"), *place)
        run("sample.py", at, "--out", Path(folder, "samples.png"), *place)
        run("infer.py", "--model_dir", Path(folder, "exported"), *place)
    return {"passed": True}


def cards(device: str, count: int, model: str) -> Figures:
    """Losses of FIRST steps in two processes beside those in one. device: without a number, as --device. count: of its cards."""
    if count < 2:
        return {"passed": None, "why": f"{count} GPU here, two are needed"}
    figures: dict[int, dict[str, np.ndarray]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for processes in (1, 2):
            at = Path(folder, str(processes))
            run("train.py", *settings(small(model), FIRST), "--out", at, "--device", device, "--processes", processes)
            lines = log.read(at)
            keys = ("critic_loss", "generator_loss", "estimate")
            figures[processes] = {key: np.array([line[key] for line in lines]) for key in keys}
    found = difference(figures[1], figures[2])
    return {"passed": found <= BFLOAT16, "losses": found}


def throughput(device: str, row: tuple) -> Figures:
    """Milliseconds of a critic step and of a generator step, batch 64: on `device` and on the CPU."""
    recipe, figures = recipe_of(*row), {}
    for place in dict.fromkeys((device, "cpu")):
        trial = Trial(place, recipe)
        with trial:
            real = trial.real(0)
            steps: dict[str, Callable] = {
                "critic": lambda trial=trial, real=real: float(trial.trainer.critic_step(real).loss),
                "generator": lambda trial=trial: float(trial.trainer.generator_step(0)),
            }
            for kind, step in steps.items():  # float() waits for the GPU
                figures[f"{kind}, {place}, ms"] = 1e3 * sustained(step, 20 if place != "cpu" else 5, time.perf_counter)
    return {"passed": True, **figures}
