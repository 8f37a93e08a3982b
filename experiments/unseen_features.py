"""Would features learnt on other images order the models otherwise? `python -m experiments.unseen_features --data-dir DIR [RUN…]`

The feature networks were trained on the images with which samples are compared. This trains three networks on the 10,000
training images that are the reference and three on the test images, of which none is compared with, and scores the published
weights, and the runs that are named, by all of them. The tables go into metrics.md and zh/metrics.md, between their two marks.
DIR holds a folder mnist and a folder fashion-mnist.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

import data
from data.dataset import Dataset, crop_to, to_uint8
from metrics import feature_training, networks
from metrics.frechet import frechet
from reporting import console, samples
from reporting.markdown import between_marks, in_markdown
from reporting.numbers import in_digits, plus_minus
from storage import writing
from training import run, runtime

SETS = {"mnist": "digits", "fashion-mnist": "fashion"}  # data set: its feature network
SEEDS, EPOCHS = 3, 24
SAMPLES, DRAW, REFERENCE = 5000, 1000, 10_000
KINDS = PUBLISHED, SEEN, UNSEEN = "published", "seen", "unseen"
TEXTS: dict[str, dict[str, Any]] = {
    "en": {
        "columns": ("published network", "trained on the reference", "trained on test images"),
        "real": "real images",
        "run": "{}, seed {}",
        "accuracy": "accuracy on images not seen, %",
        "order": "Of those trained on the reference {} of {} order the models as the published network does, of those trained on "
        "test images {} of {}.",
    },
    "zh": {
        "columns": ("发布的网络", "用参考图像训练", "用测试图像训练"),
        "real": "真实图像",
        "run": "{}，种子 {}",
        "accuracy": "在没有见过的图像上的准确率，%",
        "order": "用参考图像训练的 {1} 个网络中有 {0} 个、用测试图像训练的 {3} 个中有 {2} 个，对模型的排序与发布的网络相同。",
    },
}


class Column(NamedTuple):
    """Of one network. kind: of KINDS. accuracy: on images that it has not seen, in %. scores: {model: {'mean', 'deviation'} over
    draws of DRAW}, 'real' among them: of images that neither the network nor the reference has."""

    kind: str
    accuracy: float
    scores: dict[str, dict[str, float]]


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("runs", nargs=-1, metavar="[RUN…]")
@click.option("--data-dir", metavar="DIR", help="Where the data sets' files lie; otherwise Paddle's cache, then a download.")
@click.option("--out", default="docs", show_default=True, metavar="DIR", help="Folder of metrics.md.")
def main(runs, data_dir, out):
    pages = {"en": Path(out) / "metrics.md", "zh": Path(out) / "zh" / "metrics.md"}
    for page in pages.values():
        between_marks(page, "unseen", "")  # that the marks are there is known before anything is measured
    print(runtime.start("cpu"))
    texts = dict.fromkeys(pages, "")
    for name, network in SETS.items():
        dataset, folders = data.load(name, data_dir), published(name) | named(runs, name)
        columns = measure(dataset, network, {key: draw(folder, dataset) for key, folder in folders.items()})
        for language in pages:
            texts[language] += table(name, columns, language)
    for language, page in pages.items():
        writing.write_text(page, between_marks(page, "unseen", texts[language].removesuffix("\n")))
        print(page)


def published(name: str) -> dict[str, Path]:
    """The folders of weights/ whose models were trained on this data set, by their names."""
    return {path.name: path for path in run.published() if run.read_recipe(path).data == name}


def named(runs: Sequence[str], name: str) -> dict[str, Path]:
    """Those of `runs` that were trained on this data set, by 'MODEL SEED'."""
    recipes = {Path(folder): run.read_recipe(folder) for folder in runs}
    return {f"{recipe.model} {recipe.seed}": folder for folder, recipe in recipes.items() if recipe.data == name}


def draw(folder: Path, dataset: Dataset) -> np.ndarray:
    """SAMPLES of a model, those that eval.py scores: uint8, of the data set's own size."""
    from training.sampling import generate  # here: nothing may import Paddle before runtime.start
    from training.trainer import rebuild

    trainer, _ = rebuild(run.find_checkpoint(folder)[1])
    z, labels, _ = samples.plan(0, SAMPLES, trainer.recipe.latent, trainer.classes)
    return crop_to(to_uint8(generate(trainer.sampler, z, labels=labels)), dataset.native_size)


def measure(dataset: Dataset, name: str, drawn: Mapping[str, np.ndarray]) -> list[Column]:
    """The published network `name` and SEEDS new ones of either kind. drawn: {model: its samples}."""
    order = np.random.default_rng(0).permutation(len(dataset.train))  # eval.py's reference comes first
    reference, rest = order[:REFERENCE], order[REFERENCE : 2 * REFERENCE]
    seen = replace(dataset, train=dataset.train[reference], labels=dataset.classes_of(reference))
    unseen = replace(
        dataset,
        train=dataset.heldout,
        labels=dataset.heldout_labels,
        heldout=dataset.train[rest],
        heldout_labels=dataset.classes_of(rest),
    )
    columns = []
    for kind, seed in [(PUBLISHED, 0), *((kind, seed) for kind in (SEEN, UNSEEN) for seed in range(SEEDS))]:
        split = unseen if kind == UNSEEN else seen
        network = networks.load(name) if kind == PUBLISHED else feature_training.train(name, split, EPOCHS, seed)
        against = networks.classify_all(network, crop_to(seen.train, dataset.native_size))[0]
        scores = {}
        for key, images in {**drawn, "real": crop_to(split.heldout[:REFERENCE], dataset.native_size)}.items():
            divided = np.random.default_rng([0, 2 if key == "real" else 1]).permutation(len(images))  # as eval.py divides them
            scores[key] = score(networks.classify_all(network, images)[0], against, divided)
        columns.append(Column(kind, feature_training.accuracy(network, split), scores))
        print(f"{dataset.name}, {kind}: " + ", ".join(f"{key} {row['mean']:.3g}" for key, row in scores.items()), flush=True)
    return columns


def score(features: np.ndarray, reference: np.ndarray, order: np.ndarray) -> dict[str, float]:
    """Mean and standard deviation over draws of DRAW. order: of the rows before they are divided."""
    values = [frechet(features[order[i : i + DRAW]], reference)["fd_lenet"] for i in range(0, len(order), DRAW)]
    return {"mean": float(np.mean(values)), "deviation": float(np.std(values, ddof=1))}


def from_best(column: Column) -> list[str]:
    """The models, from the best to the worst by a network."""
    return sorted((key for key in column.scores if key != "real"), key=lambda key: column.scores[key]["mean"])


def table(name: str, columns: Sequence[Column], language: str) -> str:
    """Markdown: a row a model, from best to worst by the published network, and how many networks have the same order."""
    words = TEXTS[language]
    by_kind = {kind: [column for column in columns if column.kind == kind] for kind in KINDS}
    order, weights = from_best(by_kind[PUBLISHED][0]), published(name)
    lines = [[name, *words["columns"]]]
    for key in (*order, "real"):
        title = f"`{key}`" if key in weights else words["real"] if key == "real" else words["run"].format(*key.rsplit(" ", 1))
        shipped = plus_minus(by_kind[PUBLISHED][0].scores[key])
        means = [", ".join(in_digits(c.scores[key]["mean"], 3) for c in by_kind[kind]) for kind in (SEEN, UNSEEN)]
        lines.append([title, shipped, *means])
    lines.append([words["accuracy"], *(", ".join(in_digits(c.accuracy, 3) for c in by_kind[kind]) for kind in KINDS)])
    counts = [n for kind in (SEEN, UNSEEN) for n in (sum(from_best(c) == order for c in by_kind[kind]), len(by_kind[kind]))]
    return f"{in_markdown(lines, right=(1, 2, 3))}\n\n{words['order'].format(*counts)}\n\n"


if __name__ == "__main__":
    console.run(main)
