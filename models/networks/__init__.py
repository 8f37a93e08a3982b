"""Networks by name. Any network serves any objective.

A new network is a module with Generator(recipe, shape) and Critic(recipe, shape) and a row of NETWORKS.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

from errors import UserError
from models.networks.norms import ROLES, error_with_penalty

if TYPE_CHECKING:
    from paddle.nn import Layer

MAX_WEIGHTS = 2**28  # weights of generator and critic: a GiB
WIDTHS = ("filters", "units")  # settings of a recipe that say how wide a network's layers are


class Network(NamedTuple):
    """source: a module with Generator and Critic by its dotted name, imported with Paddle, or what else has the two.

    sizes: picture sizes it can make, None for any. norms: the roles whose norm layers a recipe chooses. points: whether it also
    makes points in the plane. widths: those of WIDTHS that it reads.
    """

    source: Any
    sizes: tuple[int, ...] | None = None
    norms: tuple[str, ...] = ()
    points: bool = False
    widths: tuple[str, ...] = WIDTHS


NETWORKS = {
    "mlp": Network("models.networks.mlp", points=True, widths=("units",)),
    # mlp with batch norm in the generator
    "mlp-bn": Network("models.networks.mlp", norms=("generator",), points=True, widths=("units",)),
    "dcgan": Network("models.networks.dcgan", (32, 64, 128), ROLES, widths=("filters",)),
    # dcgan whose generator has no batch norm
    "dcgan-nobn": Network("models.networks.dcgan", (32, 64, 128), ("critic",), widths=("filters",)),
    # nor does its width change: WGAN, section 4.3
    "dcgan-constant": Network("models.networks.dcgan_constant", (32, 64, 128), ("critic",), widths=("filters",)),
    # those of WGAN-GP's code: gan_toy.py; gan_mnist.py and gan_cifar.py; gan_cifar_resnet.py
    "gp-toy": Network("models.networks.gp_toy", points=True, widths=("units",)),
    "gp-dcgan": Network("models.networks.gp_dcgan", (28, 32), ROLES, widths=("filters",)),
    "resnet": Network("models.networks.resnet", (32, 64, 128), ROLES, widths=("filters",)),
    "paperweekly": Network("models.networks.paperweekly", (28, 32, 64, 128), ROLES, widths=()),
}


def rows(recipe: Any) -> list[Network]:
    """The generator's row of NETWORKS and the critic's."""
    return [NETWORKS[recipe.generator_network], NETWORKS[recipe.critic_network]]


def check(recipe: Any, is_points: bool) -> None:
    """Raise UserError, before anything heavy is imported, if one of the recipe's networks cannot make its data."""
    for name, network in zip((recipe.generator_network, recipe.critic_network), rows(recipe), strict=True):
        if is_points and not network.points:
            others = " or ".join(other for other, row in NETWORKS.items() if row.points)
            raise UserError(f"network {name} makes images, but {recipe.data} are points in the plane: use {others}")
        if not is_points and network.sizes and recipe.image_size not in network.sizes:
            sizes = ", ".join(map(str, network.sizes))
            raise UserError(f"image_size {recipe.image_size}: network {name} makes {sizes} pixels")


def build(recipe: Any, shape: tuple[int, ...], classes: int = 0) -> tuple[Layer, Layer]:
    """(generator, critic) for items of `shape`, (C, H, W) or (2,), freshly initialised from recipe.seed. classes: how many the
    data of a conditional recipe have; then both take y, int64 N, as well (models/networks/conditional.py).

    Parameters are named generator/… and critic/…, so that an optimiser's state fits whatever else the process has built. Raises
    UserError for more than MAX_WEIGHTS, for a user's critic that holds Paddle's batch norm under a gradient penalty, and for a
    user's network that holds its SyncBatchNorm, on a CPU.
    """
    import paddle

    from models.networks import conditional, layers

    makers, critics = (importlib.import_module(row.source) if isinstance(row.source, str) else row.source for row in rows(recipe))
    paddle.seed(recipe.seed)
    with layers.at_most(MAX_WEIGHTS, f"the networks of this recipe have more than {MAX_WEIGHTS:,} weights"):
        if classes:
            wider = lambda latent: makers.Generator(recipe.model_copy(update={"latent": latent}), shape)  # noqa: E731
            generator = conditional.Generator(wider, recipe.latent, classes)
            pair = generator, conditional.Critic(critics.Critic(recipe, shape), classes)
        else:
            pair = makers.Generator(recipe, shape), critics.Critic(recipe, shape)
    if recipe.penalty and layers.has_batch_norm(pair[1]):
        raise error_with_penalty("batch")
    for role, network in zip(ROLES, pair, strict=True):
        if layers.batch_norms(network, paddle.nn.SyncBatchNorm) and paddle.device.get_device() == "cpu":
            raise UserError(f"the {role} has Paddle's SyncBatchNorm, which runs on GPUs only: on a CPU use its BatchNorm")
        for name, parameter in network.named_parameters():
            parameter.name = f"{role}/{name}"
    return pair
