"""Several processes as one trainer: the batch is divided, gradients and batch norm's sums are reduced explicitly.

Every random number is drawn for the whole batch and cut up afterwards (training/randomness.py), so that any number of
processes does the same experiment. Gradients are averaged as one flat vector after backward(), not by hooks: a gradient
penalty goes through backward twice, which Paddle's DataParallel does not survive.
"""

import numpy as np
import paddle
import paddle.distributed as dist
from paddle.autograd import PyLayer

from models.networks.layers import BatchNorm, affine


class Team:
    """The processes of a run; one by default. `part` cuts this process's share out of what is drawn for all."""

    rank, size = 0, 1

    @property
    def leads(self):
        """Whether this process writes the run's folder and talks."""
        return self.rank == 0

    def shard(self, items):
        """This process's equal share of the first axis: items number rank·N/size and following."""
        share = len(items) // self.size
        return items[self.rank * share : (self.rank + 1) * share]

    def average_gradients(self, weights):
        """Replace each weight's gradient by its mean over the processes: one reduction of one flat vector."""

    def average(self, figures):
        """{name: float} averaged over the processes."""
        return figures

    def any(self, flag):
        """Whether the flag is set in any process."""
        return bool(flag)

    def leaders(self, number):
        """The first process's number, in all of them."""
        return number

    def prepare(self, *networks):
        """Make these networks equal in all processes, and their batch norm one over the global batch."""


class Processes(Team):
    """Paddle's distributed engine: gloo on CPUs, NCCL on GPUs. Needs the environment that the launcher sets."""

    def __init__(self, global_batch_norm=True):
        dist.init_parallel_env()
        self.rank, self.size, self._global = dist.get_rank(), dist.get_world_size(), global_batch_norm

    def sum(self, tensor):
        """Sum over the processes, in place."""
        dist.all_reduce(tensor)
        return tensor

    @paddle.no_grad()
    def average_gradients(self, weights):
        weights = [weight for weight in weights if weight.grad is not None]
        flat = self.sum(paddle.concat([weight.grad.flatten() for weight in weights])) / self.size
        for weight, part in zip(weights, paddle.split(flat, [weight.size for weight in weights])):
            weight.grad = part.reshape(weight.shape)

    def average(self, figures):
        values = self.sum(paddle.to_tensor(np.array(list(figures.values()), np.float64))) / self.size
        return dict(zip(figures, values.tolist()))

    def any(self, flag):
        return self.sum(paddle.to_tensor([float(bool(flag))])).item() > 0

    def leaders(self, number):
        found = paddle.to_tensor([number], "float64")
        dist.broadcast(found, 0)
        return found.item()

    def prepare(self, *networks):
        for network in networks:
            for tensor in network.state_dict().values():
                dist.broadcast(tensor, 0)
            for layer in network.sublayers():
                if isinstance(layer, BatchNorm) and self._global:
                    layer.normalise = lambda rows, epsilon, team=self: Normalise.apply(rows, epsilon, team)


class Normalise(PyLayer):
    """Batch norm without scale and shift over the batches of all processes: x R×C in rows → (x̂, mean, variance).

    Sums travel instead of samples. Forward reduces Σx and Σx², backward Σdy and Σ dy·x̂, because each sample moves the
    statistics, and so the outputs, of every process.
    """

    @staticmethod
    def forward(ctx, x, epsilon, team):
        count = x.shape[0] * team.size
        mean, square = paddle.split(team.sum(paddle.concat([column_sums(x), column_sums(x * x)])) / count, 2)
        variance = square - mean * mean
        scale = (variance + epsilon).rsqrt()
        ctx.saved = x, mean, scale, count, team
        return affine(x, scale, -mean * scale), mean, variance

    @staticmethod
    def backward(ctx, gradient, *_):
        x, mean, scale, count, team = ctx.saved
        shift = column_sums(gradient)
        local = paddle.concat([shift, (column_sums(gradient * x) - mean * shift) * scale])
        total, along = paddle.split(team.sum(local) / count, 2)
        # dx = s·(dy − mean dy − x̂ · mean(dy·x̂)), with x̂ = (x − mean)·s
        of_x = affine(x, -scale * scale * along, scale * (mean * scale * along - total))
        return affine(gradient, scale, paddle.zeros_like(scale)) + of_x


def column_sums(rows):
    """Σ over the rows of R×C as a matrix product, which is many times faster on a CPU than a reduction."""
    return (paddle.ones([1, rows.shape[0]], rows.dtype) @ rows).flatten()
