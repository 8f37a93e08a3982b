"""Scores of checkpoints: of one, as eval.py asks for; of a comparison's runs, in full at their end and in brief on the way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import data
import metrics
from data.dataset import Dataset, crop_to, to_uint8, to_unit
from errors import NotFinite, NotMeasurable, UserError
from metrics import networks
from reporting import samples, score_store, visual
from storage import reading, writing
from training import checkpoint, run, runtime

if TYPE_CHECKING:
    from training.trainer import GANTrainer

BRIEF_SAMPLES = 1000
_MORE = [f"{row.samples:,} for {name}" for name, row in data.SOURCES.items() if row.samples != data.Source.samples]
SAMPLES = ", ".join([f"{data.Source.samples:,}", *_MORE])  # how many are scored by default, in words
BRIEF_FILE = "metrics-on-the-way.json"  # fewer samples than metrics.json: another file


class Scores(NamedTuple):
    """Of a checkpoint's generator. values: {value: {value, deviation, floor, floor_deviation}}, as metrics.evaluate returns
    them. settings: the record of how they were measured. pairs: of metrics.pairs_of."""

    step: int
    values: dict
    settings: dict
    pairs: dict[str, np.ndarray]


def score_checkpoint(
    path: Path,
    dataset: Dataset,
    names: Sequence[str] | None,
    count: int,
    seed: int = 0,
    raw: bool = False,
    say: Callable[[str], object] = lambda line: None,
) -> Scores:
    """Measure what `count` samples of a checkpoint's generator are like. names: of metrics, None for all that fit. Paddle must be
    started.

    Samples are those that sample.py draws from the same seed, with batch norm's running statistics, from the averaged
    generator where there is one unless `raw`; they are rounded to 8 bits like the data. Raises UserError.
    """
    from models.networks.layers import has_batch_norm  # here, as below: nothing may import Paddle before runtime.start
    from training.sampling import generate
    from training.trainer import rebuild

    trainer, state = rebuild(path, raw)
    if tuple(state["shape"]) != dataset.shape:
        raise UserError(f"{path} makes items of shape {tuple(state['shape'])}, {dataset.name} has {dataset.shape}")
    if trainer.classes and tuple(trainer.classes) != dataset.classes:
        raise UserError(f"{path} draws the classes of {trainer.recipe.data}, which are not those of {dataset.name}")
    began = time.monotonic()
    z, labels, _ = samples.plan(seed, count, trainer.recipe.latent, trainer.classes)
    items = generate(trainer.sampler, z, labels=labels)
    took = time.monotonic() - began
    say(f"step {state['step']}: {count:,} samples drawn in {took:.1f} s ({count / took:,.0f} a second)")
    items = items if dataset.is_points else to_uint8(items)
    critic = critic_of(trainer, dataset.is_points)
    values = metrics.evaluate(items, dataset, names, seed=seed, critic=critic, labels=labels, say=say)
    batch_norm = "running statistics" if has_batch_norm(trainer.sampler) else "none"
    settings = metrics.describe_settings(dataset, count, seed) | {"batch_norm": batch_norm}
    if raw and trainer.recipe.ema:  # without an average there is nothing to tell apart
        settings["raw"] = True
    return Scores(state["step"], values, settings, metrics.pairs_of(crop_to(items, dataset.native_size), dataset, values))


def critic_of(trainer: GANTrainer, is_points: bool) -> Callable[..., np.ndarray]:
    """The critic as a function from items (uint8 N×C×H×W, or points N×2), and their classes (int64 N) if it is conditional, to
    N outputs. Its batch norm, if it has any, sees batches of the recipe's size, as in training, at random: a data set may be in
    the order of its classes. No weight and no statistic changes."""
    import paddle

    def outputs(items, labels=None):
        size, parts = trainer.recipe.batch_size, []
        order = np.random.default_rng(0).permutation(len(items))
        with paddle.no_grad(), trainer.frozen_batch_norm_statistics():
            for start in range(0, len(items), size):
                rows = order[np.arange(start, start + size) % len(items)]  # the last batch is filled up from the first
                critic = trainer.given(trainer.critic, None if labels is None else labels[rows])
                batch = items[rows]
                batch = batch.astype(np.float32) if is_points else to_unit(batch)
                parts.append(critic(paddle.to_tensor(batch)).numpy())
        return np.concatenate(parts)[: len(items)][np.argsort(order)]

    return outputs


def regular_steps(folder: str | Path) -> list[int]:
    """Steps of a run's checkpoints, ascending, without those that only an interruption left behind."""
    steps, recipe = checkpoint.list_steps(folder), run.read_recipe(folder)
    return [step for step in steps if recipe.minutes or step % recipe.checkpoint_every == 0 or step == steps[-1]]


def best_checkpoint(folder: str | Path, raw: bool = False) -> Path:
    """The best of a run's checkpoints by what eval.py --every, or else a comparison on the way, measured at all of them.

    raw: by the scores of the generator itself, not of its average. Raises UserError if they have not been scored, or if the best
    one was deleted since.
    """
    folder, recipe, steps = Path(folder), run.read_recipe(folder), checkpoint.list_steps(folder)
    for file in ("metrics.json", BRIEF_FILE):
        scores, _ = score_store.of_run(folder / file, recipe, raw)
        found = score_store.best(scores)
        if not (found and set(regular_steps(folder)) <= set(scores)):
            continue
        if found.step not in steps:
            left = score_store.best({step: scores[step] for step in regular_steps(folder)})
            hint = f"; the best that is left is step {left.step} ({left.by} {left.value:.4g})" if left else ""
            raise UserError(
                f"the best checkpoint of {folder}, step {found.step} ({found.by} {found.value:.4g}), is deleted by now: "
                f"the run keeps {recipe.keep_checkpoints} (keep_checkpoints){hint}"
            )
        return checkpoint.path_of(folder, found.step)
    words = f"{folder} has not been scored at its checkpoints: python eval.py {folder} --every" + (" --raw" if raw else "")
    raise UserError(words)


class Scorer:
    """Measures runs on a data set, and keeps what it measured in their folders. names: of metrics, None for all that fit; those
    that ask for classes are measured in conditional runs.

    publishing: scores of published weights are kept in their own folder too, as reporting/publish.py wants it. sized: the data
    set by image_size, for runs whose own is another. remarks: lines about what could not be measured and why.
    """

    def __init__(
        self,
        dataset: Dataset,
        names: Sequence[str] | None = None,
        samples: int | None = None,
        device: str = "auto",
        say: Callable[[str], object] = lambda line: None,
        publishing: bool = False,
        sized: Mapping[int, Dataset] | None = None,
    ):
        self.sized = sized or {}
        self.dataset, self.say, self.device, self.publishing = dataset, say, device, publishing
        self.samples = samples or data.source(dataset.name).samples
        self.remarks: list[str] = []
        self.names = metrics.choose(names or None, dataset.name, with_critic=True, with_labels=True)
        self.brief = metrics.names_on_the_way(self.names, dataset.name)
        if not names and (line := metrics.left_out(dataset.name)):
            self._remark(line)

    def _remark(self, line):
        if line not in self.remarks:
            self.remarks.append(line)

    def kept_in(self, folder: str | Path) -> Path:
        """The folder of a run's scores: its own; of published weights, which stay as they are, one below runs/scores/."""
        last = None if self.publishing else checkpoint.last(folder)
        with contextlib.suppress(UserError):  # a damaged checkpoint is an error where it is scored
            state = checkpoint.read_state(last) if last else {}
            if state and checkpoint.is_published(state):  # others may lie in a folder of the same name
                return Path("runs") / "scores" / f"{Path(folder).resolve().name}-{state.get('seal', '')[:8]}"
        return Path(folder)

    def score(self, folder: str | Path) -> tuple[dict, dict[int, dict]]:
        """(values at the run's last checkpoint, {step: values} on the way): see metrics.evaluate. Measured, or read again."""
        steps, (names, brief) = regular_steps(folder), self._names_for(folder)
        at_end = self._score_all(folder, "metrics.json", steps[-1:], names, self.samples)
        return at_end.get(steps[-1], {}), self._score_all(folder, BRIEF_FILE, steps, brief, BRIEF_SAMPLES)

    def is_scored(self, folder: str | Path) -> bool:
        """Whether all of that has been measured."""
        steps, (names, brief) = regular_steps(folder), self._names_for(folder)
        known = self._read(folder, "metrics.json", names, self.samples)
        known_in_brief = self._read(folder, BRIEF_FILE, brief, BRIEF_SAMPLES)
        return (not names or set(steps[-1:]) <= set(known)) and (not brief or set(steps) <= set(known_in_brief))

    def _data_of(self, folder):
        """The data set as a run's networks see it."""
        return self.sized.get(run.read_recipe(folder).image_size, self.dataset)

    def _names_for(self, folder):
        """The metrics of a run, at its end and on the way."""
        labelled = run.read_recipe(folder).conditional
        return [
            [name for name in names if labelled or not metrics.METRICS[name].needs_labels] for names in (self.names, self.brief)
        ]

    def _score_all(self, folder, file, steps, names, samples):
        """{step: values} of these checkpoints: as `file` in self.kept_in(folder) has them, the rest measured and added to it."""
        own = self.kept_in(folder)
        known = self._read(folder, file, names, samples)
        missing = [step for step in steps if step not in known] if names else []
        dataset = self._data_of(folder)
        with writing.lock(own) if missing else contextlib.nullcontext():
            if missing:
                runtime.start(self.device)
            for step in missing:
                self.say(f"scoring {folder}, step {step:,}: {samples:,} samples")
                known[step], settings = self._score(checkpoint.path_of(folder, step), dataset, names, samples)
                if settings is None:
                    continue
                if own == Path(folder):
                    try:
                        visual.add_scores(folder, {step: known[step]})
                    except UserError as error:
                        self._remark(f"VisualDL does not show the scores of {folder}: {error}")
                score_store.write(own / file, {step: known[step]}, settings)  # last: it says that all of this is done
        return {step: known[step] for step in steps if step in known}

    def _read(self, folder, file, names, samples):
        """{step: values} of an earlier call that measured the same in the same way, in the run's folder or in kept_in's."""
        paths = dict.fromkeys([Path(folder) / file, self.kept_in(folder) / file])
        sha256 = self._data_of(folder).sha256
        return {step: values for path in paths for step, values in self._read_file(path, sha256, names, samples).items()}

    def _read_file(self, path, data_sha256, names, samples):
        if not reading.is_file(path):
            return {}
        scores, settings = score_store.read(path)
        same = {"source": None, "data_sha256": data_sha256, "samples": samples, "seed": 0, "raw": None}
        same["network_sha256"] = networks.record(metrics.network_of(self.dataset.name)).get("network_sha256")
        if any(settings.get(key) != value for key, value in same.items()):
            return {}
        could_not = settings.get("could_not") or {}
        for name in [name for name in names if name in could_not]:
            why = f": {could_not[name]}" if isinstance(could_not, dict) else ""  # a list of names, in files of before
            self._remark(f"{name} was not measured in {path.parent}{why}")
        measured = [metrics.METRICS[name].values for name in names if name not in could_not]
        return {step: values for step, values in scores.items() if all(any(v in values for v in group) for group in measured)}

    def _score(self, path, dataset, names, samples):
        """(values, settings) of a checkpoint; settings are None where nothing is to be kept.

        A metric that raises a UserError is left out, with a remark. That it cannot be measured is a result where samples or data
        are why; where anything else is, a damaged file say, the next call tries it again.
        """
        try:
            scores = score_checkpoint(path, dataset, names, samples)
            return scores.values, scores.settings
        except UserError:
            values: dict[str, Any] = {}
            could_not: dict[str, str] = {}
            settings, again = None, False
        for name in names:  # find out which it was
            try:
                scores = score_checkpoint(path, dataset, [name], samples)
                values, settings = values | scores.values, scores.settings
            except UserError as error:
                if isinstance(error, (NotMeasurable, NotFinite)):
                    could_not[name] = str(error)
                else:
                    again = True
                self._remark(f"{name} was not measured in {path.parent.parent}: {error}")
        if again and not values:
            return {}, None
        settings = settings or metrics.describe_settings(dataset, samples, 0)
        return values, settings | ({"could_not": could_not} if could_not else {})
