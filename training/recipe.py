"""A recipe: everything that decides what is trained, read from configs/NAME.yaml and checked before Paddle is imported."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

import data
from errors import UserError, one_of, shortened
from models import networks
from models.networks import norms
from models.objectives import OBJECTIVES
from storage import names as file_names
from storage import plain_yaml, reading
from training.budget import KEYS as CLOCKS
from training.optimizers import OPTIMIZERS
from training.settings import meant_by

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
# one word that sets both players' own settings, in a config, in -o and in recipes of before there were two
PLAYER_SETTINGS = {
    "network": ("generator_network", "critic_network"),
    "learning_rate": ("generator_learning_rate", "critic_learning_rate"),
}
# what a user may change on --resume: the rest would make it another experiment
RESUMABLE = ("steps", "minutes", "log_every", "sample_every", "checkpoint_every", "keep_checkpoints", "on_nan")


def among(names: Callable[[], Iterable[str]]) -> PlainValidator:
    """For a setting that is one of names(), which is asked whenever a recipe is read: a row added meanwhile counts."""

    return PlainValidator(partial(_one_among, names))  # reporting.settings lists the names


def _one_among(names, value):
    allowed = tuple(names())
    if not isinstance(value, str) or value not in allowed:
        raise PydanticCustomError("not_among", "not among the names", {"allowed": allowed})
    return value


class Recipe(BaseModel):
    """One resolved recipe. The symbols in the descriptions are those of WGAN's algorithm 1 and WGAN-GP's."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model: str = Field(min_length=1, max_length=255, description="name of the recipe in configs/")
    data: str = Field(max_length=4096, description="data set")
    image_size: int = Field(32, gt=0, le=1024, description="pixels a side that networks see")
    fit: Annotated[str, among(lambda: data.FITS)] = Field("crop", description="how a folder's pictures become square")
    generator_network: Annotated[str, among(networks.NETWORKS.keys)] = Field(description="generator")
    critic_network: Annotated[str, among(networks.NETWORKS.keys)] = Field(description="critic")
    conditional: bool = Field(False, description="the class is an input of generator and critic")
    objective: Annotated[str, among(OBJECTIVES.keys)] = Field(description="losses")
    clip: float | None = Field(None, gt=0, description="clip value c of the critic's weights, null for none")
    penalty: float | None = Field(None, gt=0, description="weight lambda of the gradient penalty, null for none")
    n_critic: int = Field(1, ge=1, le=10_000, description="critic steps a generator step")
    warm_up: bool = Field(False, description="100 critic steps in the first 25 and every 500th generator step")
    optimizer: Annotated[str, among(OPTIMIZERS.keys)] = Field(description="of both networks")
    generator_learning_rate: float = Field(gt=0, description="learning rate alpha of the generator")
    critic_learning_rate: float = Field(gt=0, description="learning rate alpha of the critic")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's momentum")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's second moment")
    decay: bool = Field(False, description="learning rates fall linearly to 0 over the budget, in steps or in minutes")
    ema: float = Field(0.0, ge=0, lt=1, description="averaged generator: share of the average that a step keeps, 0 for none")
    batch_size: int = Field(64, ge=2, le=65_536, description="samples a critic step, m")
    generator_batch_size: int | None = Field(None, ge=2, le=65_536, description="samples a generator step, null for batch_size")
    latent: int = Field(100, ge=1, le=16_384, description="dimensions of z")
    filters: int = Field(64, ge=1, le=1024, description="width of a convolutional network: of dcgan's outermost layers")
    units: int = Field(512, ge=1, le=16_384, description="width of a layer of mlp and gp-toy")
    generator_norm: Annotated[str, among(lambda: norms.names("generator"))] = Field(
        "batch", description="norm layers of the generator"
    )
    critic_norm: Annotated[str, among(lambda: norms.names("critic"))] = Field("batch", description="norm layers of the critic")
    sync_batch_norm: bool = Field(True, description="several processes: batch norm over the global batch, or each its own")
    amp: bool = Field(False, description="products in bfloat16 on a GPU; losses, penalty and weights stay float32")
    steps: int = Field(ge=1, le=10**9, description="generator steps")
    minutes: float | None = Field(None, gt=0, description="budget of time, which may end the run before `steps`")
    clock: Annotated[str, among(CLOCKS.keys)] = Field(
        "wall", description="what `minutes` counts; cpu: the process's, whatever runs beside it"
    )
    seed: int = Field(0, ge=0, lt=2**31, description="of weights, noise and the data's order")
    log_every: int = Field(50, ge=1, description="generator steps from a logged step to the next")
    sample_every: int = Field(500, ge=1, description="generator steps from a grid of samples to the next")
    checkpoint_every: int = Field(500, ge=1, description="generator steps from a checkpoint to the next")
    keep_checkpoints: int = Field(3, ge=1, description="newest checkpoints that stay")
    on_nan: Annotated[str, among(lambda: ("stop", "rollback"))] = Field("stop", description="at a number that is not finite")

    @field_validator("*", mode="before")
    @classmethod
    def _boolean(cls, value, info):
        """Raise for true or false where another value is wanted, and the reverse: pydantic would convert."""
        wanted = cls.model_fields[info.field_name].annotation is bool
        if wanted != isinstance(value, bool):
            raise PydanticCustomError("boolean", f"Input should {'' if wanted else 'not '}be true or false")
        return value

    @field_validator("model", "data")
    @classmethod
    def _name(cls, value, info):
        file_names.check(value, info.field_name)
        return value

    @property
    def is_points(self) -> bool:
        return data.source(self.data).is_points

    @property
    def network(self) -> str:
        """Both players' network in a word, or generator+critic where they differ."""
        one, other = self.generator_network, self.critic_network
        return one if one == other else f"{one}+{other}"

    @property
    def generator_batch(self) -> int:
        """Samples of a generator step."""
        return self.generator_batch_size or self.batch_size

    def n_critic_at(self, step: int) -> int:
        """Critic steps before generator step number `step` (from 0): n_critic, or 100 in the authors' warm-up."""
        return 100 if self.warm_up and (step < 25 or step % 500 == 0) else self.n_critic

    @model_validator(mode="after")
    def _fits(self):
        data.check_fit(self.data, self.fit)
        if self.conditional and self.is_points:
            raise UserError(f"conditional=true: {self.data} are points in the plane, which have no labels")
        networks.check(self, self.is_points)
        if self.penalty and norms.NORMS[self.critic_norm].mixes_samples:
            raise norms.error_with_penalty(self.critic_norm)
        return self


def names() -> list[str]:
    return sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def default_network(recipe: Recipe) -> str | None:
    """The network that configs/ gives this recipe's model on this recipe's data; None for a model not in configs/."""
    return load(recipe.model, overrides={"data": recipe.data}).network if recipe.model in names() else None


def for_each_player(settings: dict) -> dict:
    """`settings` (a dict) with `network` and `learning_rate` written out for each player; a player's own setting wins."""
    written = dict(settings)
    for word, keys in PLAYER_SETTINGS.items():
        if word in written:
            value = written.pop(word)
            written = {**dict.fromkeys(keys, value), **written}
    return written


def joint(recipe: Recipe, word: str) -> Any:
    """The value of a word of PLAYER_SETTINGS where both players have the same one, else None."""
    one, other = (getattr(recipe, key) for key in PLAYER_SETTINGS[word])
    return one if one == other else None


def load(model: str | None = None, config: str | Path | None = None, overrides: dict | None = None) -> Recipe:
    """Resolve a recipe: configs/MODEL.yaml or the file `config`, its block for the data set, then `overrides` (a dict).

    Raises UserError, in one line that names the key and what is allowed.
    """
    overrides = overrides or {}  # among them None, which takes a recipe's clip or penalty away
    if config is None:
        if model not in names():
            raise one_of("model", model, names())
        config = CONFIGS / f"{model}.yaml"
    content = read_yaml(config)
    content.setdefault("model", model or Path(config).stem)
    blocks = content.pop("per_data", {})
    if content.pop("provenance", None):  # a run's own config.yaml, which has every setting
        content = chosen(content)
    name = overrides.get("data", content.get("data"))
    if not isinstance(blocks, dict) or any(not isinstance(block, dict) for block in blocks.values()):
        raise UserError(f"{config}: per_data must map names of data to settings")
    known = [*data.SOURCES, *dict.fromkeys(row.family for row in data.SOURCES.values() if row.family)]
    for key in blocks:
        if key not in known:
            raise one_of("data in per_data", key, known)
    block = {}
    if name is not None:
        block = {**blocks.get(data.source(name).family, {}), **blocks.get(data.key_of(name), {})}
    asked = for_each_player(overrides)
    recipe = resolve({**for_each_player(content), **for_each_player(block), **asked})
    for role in norms.ROLES:
        key = f"{role}_norm"
        if key in asked and asked[key] != getattr(recipe, key):  # only resolve's "none" makes another of it
            network = getattr(recipe, f"{role}_network")
            raise UserError(f"{key}={asked[key]}: there is no norm to choose in the {role} of {network}")
    return recipe


def chosen(values: dict) -> dict:
    """A resolved recipe's settings without the norms that are "none" for want of a choice: other networks may have one.

    The critic's stays where there is a penalty, which batch norm would make invalid.
    """
    forced = [key for key in _without_choice(values) if not (key == "critic_norm" and values.get("penalty"))]
    return {key: value for key, value in values.items() if key not in forced}


def _without_choice(values):
    """Those of generator_norm and critic_norm that the networks in `values` leave no choice of."""
    for role in norms.ROLES:
        network = values.get(f"{role}_network")
        row = networks.NETWORKS.get(network) if isinstance(network, str) else None
        if row and role not in row.norms:
            yield f"{role}_norm"


def resolve(values: dict) -> Recipe:
    """Check a flat dict of settings and return the Recipe. Raises UserError."""
    values = for_each_player(values)
    for key in values:
        check_key(key)
    # what follows from the network alone is written down in the recipe, not left to the reader
    for key in _without_choice(values):
        if values.get(key, "none") in norms.names(key.removesuffix("_norm")):
            values[key] = "none"
    try:
        return Recipe(**values)
    except ValidationError as error:
        raise UserError(_in_words(error)) from None


def check_key(key: str) -> None:
    """Raise UserError, naming what is meant or the nearest, unless `key` is a setting of a recipe."""
    if key not in (*Recipe.model_fields, *PLAYER_SETTINGS):
        raise one_of("setting", key, (*Recipe.model_fields, *PLAYER_SETTINGS), meant_by(key))


def difference(one: Recipe, other: Recipe) -> tuple | None:
    """The first setting in which two recipes differ, as (name, one's value, the other's); None for equal ones."""
    for key in Recipe.model_fields:
        if getattr(one, key) != getattr(other, key):
            name = joint_name(key, lambda own: (getattr(one, own), getattr(other, own)))
            return name, getattr(one, key), getattr(other, key)
    return None


def joint_name(key, value_of):
    """The word of PLAYER_SETTINGS in place of a player's `key`, if value_of(key) is the same for both players; else `key`."""
    return next((word for word, keys in PLAYER_SETTINGS.items() if key in keys and len(set(map(value_of, keys))) == 1), key)


def _in_words(error):
    """pydantic's first error, about one player's setting or, if both have the same wrong one, about the word for both."""
    errors = {".".join(map(str, each["loc"])): each for each in error.errors()}
    key, first = next(iter(errors.items()))
    name = joint_name(key, lambda own: own in errors and (errors[own]["type"], shortened(errors[own]["input"])))
    if first["type"] == "missing":
        return f"setting {name} is missing"
    if first["type"] == "not_among":
        return str(one_of(name, first["input"], first["ctx"]["allowed"]))
    null = "; to take it away write null" if first["input"] in ("none", "None") else ""
    return f"{name} = {shortened(first['input'])}: {first['msg'][0].lower()}{first['msg'][1:]}{null}"


def read_yaml(path: str | Path) -> dict:
    """A YAML file that holds a mapping, as a dict. Raises UserError."""
    content = plain_yaml.parsed(reading.text(path, 4 * plain_yaml.MOST, "config"), f"config {path}")
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise UserError(f"config {path} must hold settings as `key: value`")
    return content


def parse_overrides(pairs: Iterable[str]) -> dict:
    """['key=value', …] from -o, values read as YAML. Raises UserError."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f"-o {pair}: wants key=value")
        check_key(key)
        settings[key] = plain_yaml.parsed(value, f"-o {pair[:100]}: the value")
    return settings
