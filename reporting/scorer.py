"""Scores of a comparison's runs: in full at their end, in brief at the checkpoints on the way; kept in the runs' folders."""

from pathlib import Path

import metrics
from errors import UserError
from metrics import networks
from reporting import score_store
from training import checkpoint, run

SAMPLES, BRIEF_SAMPLES = 5000, 1000
BRIEF_FILE = "metrics-on-the-way.json"  # fewer samples than metrics.json: another file


class Scorer:
    """What is to be measured on a data set. names: metrics asked for, None for all that fit.

    remarks: lines about what could not be measured and why.
    """

    def __init__(self, dataset, names=None, samples=None, device="auto", say=print):
        self.dataset, self.say, self.device = dataset, say, device
        self.samples, self.remarks, self._started = samples or SAMPLES, [], False
        self.names = metrics.choose(names or None, dataset.name, with_critic=True)
        self.brief = metrics.names_on_the_way(self.names, dataset.name)
        if not names and (line := metrics.left_out(dataset.name)):
            self._remark(line)

    def _remark(self, line):
        if line not in self.remarks:
            self.remarks.append(line)

    def of(self, folder):
        """(values at the run's last checkpoint, {step: values} on the way) of a run: see metrics.evaluate."""
        (last,), way = self._steps(folder)
        values = self._scored(folder, "metrics.json", [last], self.names, self.samples)
        return values.get(last, {}), self._scored(folder, BRIEF_FILE, way, self.brief, BRIEF_SAMPLES)

    def has(self, folder):
        """Whether all of that has been measured."""
        last, way = self._steps(folder)
        known = self._kept(Path(folder) / "metrics.json", self.names, self.samples)
        brief = self._kept(Path(folder) / BRIEF_FILE, self.brief, BRIEF_SAMPLES)
        return (not self.names or set(last) <= set(known)) and (not self.brief or set(way) <= set(brief))

    def _steps(self, folder):
        """([the last], all) steps of a run's checkpoints, without those that only an interruption left behind."""
        steps, recipe = checkpoint.list_steps(folder), run.read_recipe(folder)
        return steps[-1:], [s for s in steps if recipe.minutes or s % recipe.checkpoint_every == 0 or s == steps[-1]]

    def _scored(self, folder, file, steps, names, samples):
        path = Path(folder) / file
        kept = self._kept(path, names, samples)
        found = {step: kept[step] for step in steps if step in kept}
        missing = [step for step in steps if step not in kept] if names else []
        for step in missing:
            self._start()
            at = checkpoint.path_of(folder, step)
            self.say(f"scoring {folder}, step {step:,}: {samples:,} samples")
            found[step], settings = self._score(at, names, samples)
            score_store.write(path, {step: found[step]}, settings)
        if missing:
            score_store.to_visualdl(folder, {step: found[step] for step in missing})
        return found

    def _kept(self, path, names, samples):
        """{step: values} of an earlier call that measured the same in the same way."""
        if not path.is_file():
            return {}
        try:
            kept, settings = score_store.read(path)
        except UserError:
            return {}
        same = {"data_sha256": self.dataset.sha256, "samples": samples, "seed": 0, "raw": None}
        same["network_sha256"] = networks.record(metrics.network_of(self.dataset.name)).get("network_sha256")
        if any(settings.get(key) != value for key, value in same.items()):
            return {}
        could_not = settings.get("could_not") or {}
        tried = set(could_not)
        whole = lambda values: all(n in tried or any(v in values for v in metrics.METRICS[n].values) for n in names)  # noqa: E731
        for name in [name for name in names if name in tried]:
            why = f": {could_not[name]}" if isinstance(could_not, dict) else ""  # a list of names, in files of before
            self._remark(f"{name} was not measured in {path.parent}{why}")
        return {step: values for step, values in kept.items() if whole(values)}

    def _score(self, at, names, samples):
        """(values, settings) of a checkpoint. What refuses these samples is left out, with a remark."""
        silent = lambda line: None  # noqa: E731
        try:
            _, values, settings, _ = score_store.score_checkpoint(at, self.dataset, names, samples, say=silent)
            return values, settings
        except UserError:
            values, could_not, settings = {}, {}, None
        for name in names:  # one of them refuses: find out which
            try:
                _, one, settings, _ = score_store.score_checkpoint(at, self.dataset, [name], samples, say=silent)
                values |= one
            except UserError as error:
                could_not[name] = str(error)
                self._remark(f"{name} was not measured in {at.parent.parent}: {error}")
        settings = settings or metrics.describe_settings(self.dataset, samples, 0)
        return values, settings | {"could_not": could_not}

    def _start(self):
        if not self._started:
            from training import runtime

            runtime.start(self.device)
            self._started = True
