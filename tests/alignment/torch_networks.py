"""Our networks' weights in PyTorch's counterparts of them (benchmarks/torch_networks.py), and how far apart the two are."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks import torch_networks

STATISTICS = {"mean": "running_mean", "variance": "running_var"}


class ConditionalGenerator(torch.nn.Module):
    """G(z, y) of a generator of latent + classes numbers, y N: z and y's unit vector side by side."""

    def __init__(self, network, classes):
        super().__init__()
        self.network, self.classes = network, classes

    def forward(self, z, y):
        return self.network(torch.cat([z, F.one_hot(y, self.classes).to(z.dtype)], 1))


class ConditionalCritic(torch.nn.Module):
    """Projection discriminator (Miyato and Koyama, 1802.05637): the critic, and the inner product of a vector for each class, a
    column of `projection`, with what the critic's last layer was given."""

    def __init__(self, network, classes):
        super().__init__()
        self.network, self.seen = network, []
        *_, head = (module for module in network.modules() if not list(module.children()))
        self.projection = torch.nn.Parameter(torch.zeros(head.weight.numel(), classes))
        head.register_forward_pre_hook(lambda module, inputs: self.seen.append(inputs[0]))

    def forward(self, x, y):
        output, features = self.network(x), self.seen.pop()
        features = features.permute(0, 2, 3, 1) if features.ndim == 4 else features  # a column has ours' order
        return output + torch.einsum("nf,nf->n", features.flatten(1), self.projection.T[y])


CONDITIONAL = {"Generator": ConditionalGenerator, "Critic": ConditionalCritic}


def in_torch_layout(array, like, network):
    """A parameter (or its gradient) of ours as the array that PyTorch's layer keeps."""
    if like.ndim == 1:
        return array.reshape(-1)
    if like.ndim == 2:
        return array.T
    return array.transpose(0, 3, 1, 2) if "dcgan" in network else array  # ours are stored …×k×k×…


def named(layer):
    """{name: parameter or buffer} of one of our networks, under PyTorch's names."""
    tensors = {}
    for name, tensor in layer.state_dict().items():
        head, _, last = name.rpartition(".")
        tensors[f"{head}.{STATISTICS.get(last, last)}".lstrip(".")] = tensor
    return tensors


def counterpart(role, layer, recipe, shape, dtype=torch.float32):
    """The PyTorch network of a role ('Generator' or 'Critic') with the weights and statistics of ours."""
    classes = getattr(layer, "classes", 0)
    recipe = recipe.model_copy(update={"latent": recipe.latent + classes})
    theirs = getattr(torch_networks.counterpart(recipe.network), role)(recipe, shape)
    theirs = (CONDITIONAL[role](theirs, classes) if classes else theirs).to(dtype)
    state, ours = theirs.state_dict(), named(layer)
    assert {name for name in state if not name.endswith("num_batches_tracked")} == set(ours)
    for name, tensor in ours.items():
        state[name] = torch.tensor(in_torch_layout(tensor.numpy(), state[name], recipe.network).copy())
    theirs.load_state_dict(state)
    return theirs


def pairs(layer, theirs, recipe, gradients=False):
    """(name, ours, PyTorch's) of all trainable parameters, or of their gradients: arrays in PyTorch's layout and type."""
    ours = named(layer)
    for name, parameter in theirs.named_parameters():
        mine = ours[name].grad if gradients else ours[name]
        other = parameter.grad if gradients else parameter.detach()
        if mine is None or other is None:
            assert all(x is None or float(abs(x).max()) < 1e-6 for x in (mine, other)), name
            continue
        other = other.numpy().copy()  # not the memory that a next backward pass adds to
        yield name, in_torch_layout(mine.numpy(), other, recipe.network).reshape(other.shape), other


def distance(layer, theirs, recipe, gradients=False):
    """‖ours − PyTorch's‖ / ‖PyTorch's‖ over all trainable parameters, or over their gradients."""
    apart, size = 0.0, 0.0
    for _, mine, other in pairs(layer, theirs, recipe, gradients):
        other = other.astype(np.float64)
        apart += ((mine - other) ** 2).sum()
        size += (other**2).sum()
    return math.sqrt(apart / size)
