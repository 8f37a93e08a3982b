"""Several processes as one trainer: the batch is divided, gradients and batch norm's sums are reduced explicitly.

Every random number is drawn for the whole batch and cut up afterwards (training/randomness.py), so that any number of
processes does the same experiment. Gradients are averaged as one flat vector after backward(), not by hooks: a gradient
penalty goes through backward twice, which Paddle's DataParallel does not survive.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import paddle
import paddle.distributed as dist
from paddle import Tensor, nn
from paddle.autograd import PyLayer

from errors import TrainingError, UserError
from models.networks.layers import PADDLES_BATCH_NORMS, BatchNorm, affine, batch_norms, column_sums
from training import hosts


class Team:
    """The processes of a run; one by default. `shard` cuts this process's share out of what is drawn for all."""

    rank, size = 0, 1
    lost: TrainingError | None = None  # what was raised when another process was gone

    def shard(self, items: Any) -> Any:
        """This process's equal share of the first axis: items number rank·N/size and following."""
        share = len(items) // self.size
        return items[self.rank * share : (self.rank + 1) * share]

    def average_gradients(self, weights: list[Tensor]) -> None:
        """Replace each weight's gradient by its mean over the processes: one reduction of one flat vector."""

    def average(self, figures: dict[str, float]) -> dict[str, float]:
        """{name: float} averaged over the processes."""
        return figures

    def mean(self, number: float) -> float:
        """A number averaged over the processes."""
        return self.average({"": number})[""]

    def any(self, flag: object) -> bool:
        """Whether the flag is set in any process."""
        return bool(flag)

    def broadcast(self, number: float) -> float:
        """The first process's number, in all of them."""
        return number

    def prepare(self, *networks: nn.Layer) -> None:
        """Make these networks equal in all processes, and their batch norm one over the global batch. Raises UserError."""

    def check_same(self, what: str, thing: object) -> None:
        """Raise UserError, in all processes, unless `thing` reads the same in each of them. what: words for it."""


class Processes(Team):
    """Paddle's distributed engine: gloo on CPUs, NCCL on GPUs. Needs the environment that the launcher sets."""

    def __init__(self, global_batch_norm: bool = True):
        hosts.choose_interface()
        hosts.wait_for_first()
        try:
            with hosts.watched_connections():
                dist.init_parallel_env()
        except Exception as error:  # Paddle's own for addresses that nobody has, ports that are taken, variables that it lacks
            reason = [line for line in str(error).splitlines() if line.strip()][-1:]
            raise TrainingError(f"the processes of this training cannot be joined: {' '.join(reason) or error!r}") from None
        self.rank, self.size, self._global = dist.get_rank(), dist.get_world_size(), global_batch_norm

    def sum(self, tensor: Tensor) -> Tensor:
        """Sum over the processes, in place. Raises TrainingError if one of them is gone."""
        self._together(dist.all_reduce, tensor)
        return tensor

    def copy(self, tensor: Tensor) -> None:
        """The first process's values, in place, in all of them. Raises TrainingError if one of them is gone."""
        self._together(dist.broadcast, tensor, 0)

    @paddle.no_grad()
    def average_gradients(self, weights: list[Tensor]) -> None:
        moved = [(weight, weight.grad.flatten()) for weight in weights if weight.grad is not None]
        flat = self.sum(paddle.concat([gradient for _, gradient in moved])) / self.size
        for (weight, _), part in zip(moved, paddle.split(flat, [weight.size for weight, _ in moved])):
            weight.grad = part.reshape(weight.shape)

    def average(self, figures: dict[str, float]) -> dict[str, float]:
        values = self.sum(paddle.to_tensor(np.array(list(figures.values()), np.float64))) / self.size
        return dict(zip(figures, values.numpy().tolist()))

    def any(self, flag: object) -> bool:
        return bool(self.sum(paddle.to_tensor([float(bool(flag))])).numpy()[0] > 0)

    def broadcast(self, number: float) -> float:
        tensor = paddle.to_tensor([number], "float64")
        self.copy(tensor)
        return float(tensor.numpy()[0])

    def prepare(self, *networks: nn.Layer) -> None:
        for network in networks:
            for tensor in network.state_dict().values():
                self.copy(tensor)
            if self._global:
                for layer in batch_norms(network, BatchNorm):
                    layer.normalise = lambda rows, epsilon, team=self: Normalise.apply(rows, epsilon, team)
                for layer in batch_norms(network, PADDLES_BATCH_NORMS):
                    if not isinstance(layer, nn.SyncBatchNorm):  # which Paddle itself takes over all processes, on GPUs
                        raise UserError(
                            f"Paddle's {type(layer).__name__} would see each of {self.size} processes' parts of the batch alone: "
                            "use models.networks.layers.BatchNorm, or -o sync_batch_norm=false to have it so"
                        )

    def _together(self, operation, *arguments):
        try:
            operation(*arguments)
        except RuntimeError as error:
            said = str(error).splitlines()[0].rpartition("] ")[2]  # behind the place in gloo's source
            self.lost = TrainingError(f"another process of this training has ended, or its host cannot be reached: {said}")
            raise self.lost from None

    def check_same(self, what: str, thing: object) -> None:
        own = float(int.from_bytes(hashlib.sha256(repr(thing).encode()).digest()[:6], "big"))  # float64 holds 53 bits
        if self.any(own != self.broadcast(own)):
            raise UserError(f"the {self.size} processes of this training do not have the same {what}")


class Normalise(PyLayer):
    """Batch norm without scale and shift over the batches of all processes: x R×C in rows → (x̂, mean, variance).

    Sums travel instead of samples. Forward reduces Σx and Σx², backward Σdy and Σ dy·x̂, because each sample moves the
    statistics, and so the outputs, of every process.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, epsilon: float, team: Processes) -> tuple[Tensor, Tensor, Tensor]:
        count = x.shape[0] * team.size
        mean, square = paddle.split(team.sum(paddle.concat([column_sums(x), column_sums(x * x)])) / count, 2)
        variance = paddle.clip(square - mean * mean, min=0.0)  # the difference of two large numbers may come out below 0
        scale = (variance + epsilon).rsqrt()
        ctx.saved = x, mean, scale, count, team
        ctx.set_materialize_grads(False)  # of mean and variance: Paddle 2.6 crashes when it makes those zeros in paddle.grad
        return affine(x, scale, -mean * scale), mean, variance

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: object) -> Tensor:
        x, mean, scale, count, team = ctx.saved
        shift = column_sums(gradient)
        local = paddle.concat([shift, (column_sums(gradient * x) - mean * shift) * scale])
        total, along = paddle.split(team.sum(local) / count, 2)
        # dx = s·(dy − mean dy − x̂ · mean(dy·x̂)), with x̂ = (x − mean)·s
        of_x = affine(x, -scale * scale * along, scale * (mean * scale * along - total))
        return affine(gradient, scale, paddle.zeros_like(scale)) + of_x
