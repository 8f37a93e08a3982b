"""The papers' hyperparameters on a GPU in PyTorch: python -m benchmarks.published --data-dir DIR --out FOLDER

Three seeds of wgan-paper, of DCGAN's hyperparameters on the same networks and of wgan-gp-paper on MNIST, all at once: a CUDA
graph a step, a stream a training. Networks and steps are the counterparts of ours that tests/alignment holds against them; images
come in our order, weights and noise are PyTorch's. FOLDER gets samples, generators and the log, and
`python -m benchmarks.published_results FOLDER` scores them.
"""

from __future__ import annotations

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import json
import math
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor, nn

import data
from benchmarks.pytorch import GANTrainer, initialise
from data.dataset import Dataset, Order, crop_to, to_uint8
from errors import one_of
from reporting import console
from storage import writing
from training import randomness, recipe
from training.recipe import Recipe

# DCGAN's hyperparameters (1511.06434) on wgan-paper's networks, for its number of generator steps
DCGAN = {"filters": 64, "learning_rate": 2e-4, "beta1": 0.5, "n_critic": 1, "ema": 0.0, "steps": 40_000}
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "wgan-paper": ("wgan-paper", {}),
    "dcgan": ("dcgan", DCGAN),
    "wgan-gp-paper": ("wgan-gp-paper", {}),
}
# generator steps after which SAMPLES are drawn; FINAL at the end
MARKS = (1000, 2000, 4000, 6000, 10_000, 15_000, 20_000, 30_000, 50_000, 100_000, 150_000)
SAMPLES, FINAL = 1000, 10_000
POINTS = 400  # of the estimate's curve
CHUNK = 2000  # critic steps whose order of the data lies on the GPU


class Training(GANTrainer):
    """One seed of a recipe on a device; on a GPU each kind of step is captured once in a graph and then replayed."""

    def __init__(self, name: str, chosen: Recipe, dataset: Dataset, device: torch.device):
        torch.manual_seed(chosen.seed)
        self.name, self.device, self.dataset = name, device, dataset
        self.random = torch.Generator(device).manual_seed(chosen.seed)
        super().__init__(chosen, dataset.shape)
        if chosen.network.startswith("dcgan"):
            for network in (self.generator, self.critic):
                network.apply(initialise)
        self.images = torch.from_numpy(np.array(dataset.train)).to(device)
        self.order, self.place = Order(len(dataset.train), chosen.seed), 0
        self.chunk = torch.zeros(CHUNK * chosen.batch_size, dtype=torch.int64, device=device)
        self.cursor = torch.zeros((), dtype=torch.int64, device=device)
        self.offsets = torch.arange(chosen.batch_size, device=device)
        self.sum = torch.zeros((), device=device)  # of E f(x) − E f(G(z)) since the last point of the curve
        self.sums = torch.zeros(POINTS + 1, device=device)
        self.every = -(-chosen.steps // POINTS)  # rounded up: the points reach the end
        self.step = self.critic_steps = 0
        self.counts: list[tuple[int, int]] = []  # generator and critic steps at the points of the curve
        self.images_at: dict[int, np.ndarray] = {}
        self.seconds = 0.0
        self.marks = {step for step in MARKS if step < chosen.steps} | {chosen.steps}
        self.stream = torch.cuda.Stream() if device.type == "cuda" else None
        with torch.cuda.stream(self.stream):
            self._refill()
        if self.stream:
            self._capture()

    def _optimizer(self, network: nn.Module, learning_rate: float, **more: Any) -> Any:
        network.to(self.device)
        if self.recipe.penalty:  # 8 % faster
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # which its stubs lack
        on_gpu = self.device.type == "cuda"
        return super()._optimizer(network, learning_rate, capturable=on_gpu, foreach=on_gpu, **more)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, device=self.device, generator=self.random)

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, device=self.device, generator=self.random)

    def _refill(self) -> None:
        """The next CHUNK batches, in the order of our data."""
        positions = self.order.take(self.place, len(self.chunk))
        self.place += len(self.chunk)
        indices = torch.from_numpy(positions)
        self.chunk.copy_(indices.pin_memory() if self.stream else indices, non_blocking=True)
        self.cursor.zero_()

    def _refill_if_used_up(self) -> None:
        if self.critic_steps and self.critic_steps % CHUNK == 0:
            self._refill()

    def _one_critic_step(self) -> None:
        chosen = self.chunk[self.cursor + self.offsets]
        real = self.images[chosen].float() * (2 / 255) - 1
        self.cursor.add_(len(self.offsets))
        outputs = self.critic_step(real)
        self.sum.add_(outputs[0].mean() - outputs[1].mean())

    def _capture(self) -> None:
        """Three steps to choose algorithms and to make the optimisers' state, which are undone; then the graphs."""
        networks, optimizers = (self.generator, self.critic), (self.generator_optimizer, self.critic_optimizer)
        assert self.stream is not None
        before = [{name: tensor.clone() for name, tensor in network.state_dict().items()} for network in networks]
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            for _ in range(3):
                self._one_critic_step()
                self.generator_step()
        self.stream.synchronize()
        self.graphs = [torch.cuda.CUDAGraph() for _ in range(3)]
        for graph, step in zip(self.graphs, (self._one_critic_step, self.generator_step, self._iteration)):
            graph.register_generator_state(self.random)
            for optimizer in optimizers:
                optimizer.zero_grad()
            with torch.cuda.graph(graph, stream=self.stream):
                step()
        with torch.no_grad():
            for network, state in zip(networks, before):
                for name, tensor in network.state_dict().items():
                    tensor.copy_(state[name])
            for optimizer in optimizers:
                for state in optimizer.state.values():
                    for tensor in state.values():
                        tensor.zero_()
        self.cursor.zero_()
        self.sum.zero_()
        torch.cuda.synchronize()

    def _iteration(self) -> None:
        for _ in range(self.recipe.n_critic):
            self._one_critic_step()
        self.generator_step()

    def advance(self) -> None:
        """One generator step and the critic steps before it; n_critic divides CHUNK and the 100 of the warm-up."""
        critic_step, generator_step, iteration = (
            [graph.replay for graph in self.graphs]
            if self.stream
            else (self._one_critic_step, self.generator_step, self._iteration)
        )
        count = self.recipe.n_critic_at(self.step)
        if count == self.recipe.n_critic:
            self._refill_if_used_up()
            iteration()
            self.critic_steps += count
        else:
            for _ in range(count):
                self._refill_if_used_up()
                critic_step()
                self.critic_steps += 1
            generator_step()
        self.step += 1
        if self.step % self.every == 0 and len(self.counts) < len(self.sums):
            self.sums[len(self.counts)].copy_(self.sum)  # read at the end: to wait for it would hold up the others
            self.counts.append((self.step, self.critic_steps))
            self.sum.zero_()

    @property
    def curve(self) -> list[tuple[int, int, float]]:
        """(generator steps, critic steps, E f(x) − E f(G(z)) on training batches, a mean since the point before)."""
        before = 0
        points = []
        for (step, critic_steps), total in zip(self.counts, self.sums.tolist()):
            points.append((step, critic_steps, total / (critic_steps - before)))
            before = critic_steps
        return points

    @torch.no_grad()
    def draw(self, count: int) -> np.ndarray:
        """Samples as sample.py draws them: of our noise, with batch norm's running statistics; uint8 count×H×W."""
        z = randomness.noise(self.recipe.seed, "samples", 0, [count, self.recipe.latent])
        self.generator.eval()
        parts = [self.generator(torch.from_numpy(part).to(self.device)).cpu().numpy() for part in np.array_split(z, count // 250)]
        self.generator.train()
        return crop_to(to_uint8(np.concatenate(parts)), self.dataset.native_size)[:, 0]


def write(trainings: list[Training], out: Path, seconds: float, more: dict[str, Any]) -> None:
    """For each recipe NAME-final.npz and NAME-way.npz, arrays of uint8 N×H×W; generators.npz, those of seed 0; log.json."""
    weights: dict[str, Any] = {}
    for name in dict.fromkeys(training.name for training in trainings):
        own = [training for training in trainings if training.name == name]
        final: dict[str, Any] = {f"s{t.recipe.seed}": t.images_at[t.step] for t in own}
        way: dict[str, Any] = {f"s{t.recipe.seed}-{k}": images for t in own for k, images in t.images_at.items() if k != t.step}
        weights |= {f"{name}/{key}": tensor.cpu().numpy() for key, tensor in own[0].generator.state_dict().items()}
        _write_npz(out / f"{name}-final.npz", final)
        _write_npz(out / f"{name}-way.npz", way)
    _write_npz(out / "generators.npz", weights)
    log = [
        {
            "name": t.name,
            "recipe": t.recipe.model_dump(),
            "sha256": t.dataset.sha256,
            "step": t.step,
            "critic_steps": t.critic_steps,
            "seconds": t.seconds,
            "curve": t.curve,
        }
        for t in trainings
    ]
    writing.write_text(out / "log.json", json.dumps({**more, "seconds": seconds, "trainings": log}))


def _write_npz(path, arrays):
    with writing.replacing(path) as file:
        np.savez_compressed(file, **arrays)


@click.command(help=__doc__)
@click.option("--data-dir", metavar="DIR", help="Where MNIST lies; otherwise Paddle's cache, then a download.")
@click.option("--out", required=True, metavar="FOLDER", help="For samples, generators of seed 0 and log.json.")
@click.option("--models", default=",".join(RUNS), show_default=True, metavar="A,B", help="Which of these.")
@click.option("--seeds", default=3, show_default=True, metavar="N", help="Trainings of each.")
@click.option("--steps", type=int, metavar="N", help="Generator steps of each, instead of the recipes' own.")
@click.option("--seconds", default=math.inf, metavar="S", help="Stop after these and keep what there is; without end by default.")
@click.option("--exact", is_flag=True, help="Products of float32 throughout; otherwise PyTorch's default, TF32 in convolutions.")
def main(data_dir, out, models, seeds, steps, seconds, exact):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = not exact
    trainings, sets = [], {}
    for name in models.split(","):
        if name not in RUNS:
            raise one_of("model", name, RUNS)
        model, own = RUNS[name]
        for seed in range(seeds):
            settings = {"data": "mnist", **own, "seed": seed, **({"steps": steps} if steps else {})}
            chosen = recipe.load(model, overrides=settings)
            if chosen.image_size not in sets:
                sets[chosen.image_size] = data.load("mnist", data_dir, chosen.image_size)
            trainings.append(Training(name, chosen, sets[chosen.image_size], device))
    began = told = time.monotonic()
    going = list(trainings)
    while going and time.monotonic() - began < seconds:
        for training in list(going):
            with torch.cuda.stream(training.stream):
                training.advance()
                if training.step in training.marks:
                    training.images_at[training.step] = training.draw(
                        FINAL if training.step == training.recipe.steps else SAMPLES
                    )
            training.seconds = time.monotonic() - began
            if training.step == training.recipe.steps:
                going.remove(training)
        if time.monotonic() - told > 20:
            told = time.monotonic()
            print(f"{told - began:.0f} s", {f"{t.name}-s{t.recipe.seed}": t.step for t in trainings}, flush=True)
    for training in going:
        training.images_at[training.step] = training.draw(FINAL)
    if device.type == "cuda":
        torch.cuda.synchronize()
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    more = {"device": name, "torch": torch.__version__, "tf32": not exact, "streams": len(trainings)}
    write(trainings, Path(out), time.monotonic() - began, more)
    print(f"{time.monotonic() - began:.0f} s", {f"{t.name}-s{t.recipe.seed}": t.step for t in trainings})


if __name__ == "__main__":
    console.run(main)
