"""An exported generator, run by Paddle Inference: its record, export.json, and a predictor that takes noise to samples."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from errors import NotFinite, UserError
from reporting.samples import plan
from storage import reading
from training.checkpoint import Classes
from training.recipe import Recipe

RECORD = "export.json"
FORMAT: Literal[2] = 2  # which a conditional generator's takes, since a program of before would not give it its classes
# bytes of export.json, which has the names of all classes as state.json has, and of a graph or its weights
LARGEST_RECORD, LARGEST = 1 << 20, 4 << 30
GRAPHS, WEIGHTS = ("generator.json", "generator.pdmodel"), "generator.pdiparams"  # Paddle 3 writes the first one
CHECKED, TOLERANCE = 4, 1e-3  # samples with and without oneDNN, of the largest value: in some versions its results are wrong
Size = Annotated[int, Field(ge=1, le=1 << 20)]


def _with_graph(digests):
    if not any(name in digests for name in GRAPHS):
        raise ValueError("no graph")
    return digests


class Record(BaseModel):
    """What export.json says. shape: of an item, (C, H, W) or (2,). native_size: height and width before padding. paddle: the
    version that wrote the graph. sha256: of graph and weights. classes: of a conditional generator, {name: items of its data}."""

    model_config = ConfigDict(strict=True)

    format: Literal[1, 2]
    model: str
    data: str
    step: int
    latent: Size
    shape: list[Size]
    native_size: Size | None
    paddle: str
    sha256: Annotated[dict[str, str], AfterValidator(_with_graph)]
    classes: Classes | None = None


def record(folder: Path, recipe: Recipe, state: dict) -> dict:
    """What export.json is to say of the graph and the weights in `folder`. state: of the checkpoint they were made of."""
    import paddle  # here, as below: nothing may import Paddle before runtime.start

    files = [path for path in sorted(folder.iterdir()) if path.name in (*GRAPHS, WEIGHTS)]
    return Record(
        format=FORMAT if state["classes"] else 1,
        model=recipe.model,
        data=recipe.data,
        step=state["step"],
        latent=recipe.latent,
        shape=list(state["shape"]),
        native_size=state["native_size"],
        paddle=paddle.__version__,
        sha256={path.name: _sha256(path) for path in files},
        classes=state["classes"],
    ).model_dump(exclude_none=True) | {"native_size": state["native_size"]}


def read(folder: str | Path) -> Record:
    """The record of a folder of sample.py --export, whose files are those it was written with. Raises UserError."""
    folder = Path(folder)
    if not reading.is_file(folder / RECORD):
        why = "it does not exist" if not folder.exists() else f"it has no {RECORD}"
        raise UserError(f"{folder} is no folder that sample.py --export has written: {why}")
    content = reading.json(folder / RECORD, LARGEST_RECORD)
    version = content.get("format") if isinstance(content, dict) else None
    if type(version) is int and version > FORMAT:
        raise UserError(f"{folder / RECORD} has format {version}, this program reads 1 to {FORMAT}: export the run again")
    found = reading.validated(Record, content, f"{folder / RECORD} is damaged")
    for name in (graph_of(found), WEIGHTS):
        if _sha256(folder / name) != found.sha256.get(name):
            raise UserError(f"{folder / name} is damaged: its SHA-256 is not the one in {RECORD}")
    return found


def graph_of(found: Record) -> str:
    """The graph's file."""
    return next(name for name in GRAPHS if name in found.sha256)


def _sha256(path):
    return hashlib.sha256(reading.read(path, LARGEST)).hexdigest()


class Predictor:
    """An exported generator on the device that runtime.start has chosen. threads: of a CPU. onednn: use it on a CPU. record:
    what `read` returned of the folder, where that was asked before.

    Raises UserError if this Paddle cannot run it, or draws other samples with oneDNN than without.
    """

    def __init__(self, folder: str | Path, threads: int, onednn: bool = False, record: Record | None = None):
        import paddle
        from paddle import inference

        self.record, self.onednn = record or read(folder), onednn
        graph, self._paddle = graph_of(self.record), paddle.__version__
        if graph.endswith(".json") and int(self._paddle.partition(".")[0]) < 3:
            raise UserError(f"{folder} was exported by Paddle {self.record.paddle}: Paddle {self._paddle} cannot read it")
        config = inference.Config(str(Path(folder) / graph), str(Path(folder) / WEIGHTS))
        config.disable_glog_info()
        place = paddle.device.get_device()
        if place.startswith("gpu"):
            config.enable_use_gpu(100, int(place.partition(":")[2]))  # MB at the start
        else:
            config.disable_gpu()
            config.set_cpu_math_library_num_threads(threads)
            # mkldnn is its name before Paddle 3.1; where neither is called it is on in Paddle 3 and off in Paddle 2
            verb = "enable" if onednn else "disable"
            (getattr(config, f"{verb}_onednn", None) or getattr(config, f"{verb}_mkldnn"))()
        with self._in_words():
            self._predictor = inference.create_predictor(config)
        if onednn and place == "cpu":
            z, labels, _ = plan(0, CHECKED, self.record.latent, self.record.classes)
            expected = Predictor(folder, threads, record=self.record).generate(z, CHECKED, labels)
            if not np.abs(self._run(z, CHECKED, labels) - expected).max() <= TOLERANCE * np.abs(expected).max():
                raise UserError(f"the oneDNN of Paddle {self._paddle} draws other samples; leave --use_onednn away")

    def generate(self, z: np.ndarray, batch: int, labels: np.ndarray | None = None) -> np.ndarray:
        """Samples of z, float32 N×latent, and of the classes `labels`, int64 N, of a conditional generator, `batch` at a time:
        float32 N×C×H×W in [−1, 1], or points N×2. Raises NotFinite for NaN, as training/sampling.py does."""
        items = self._run(z, batch, labels)
        if np.isnan(items).any():
            raise NotFinite("the generator makes samples that are NaN")
        return items

    def _run(self, z, batch, labels):
        parts = []
        given = [z] if labels is None else [z, labels]
        for start in range(0, len(z), batch):
            with self._in_words():
                for name, array in zip(self._predictor.get_input_names(), given, strict=True):
                    self._predictor.get_input_handle(name).copy_from_cpu(np.ascontiguousarray(array[start : start + batch]))
                self._predictor.run()
                parts.append(self._predictor.get_output_handle(self._predictor.get_output_names()[0]).copy_to_cpu())
        return np.concatenate(parts)

    @contextlib.contextmanager
    def _in_words(self):
        try:
            yield
        except Exception as error:  # of C++, with its stack
            lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
            said = next((line for line in lines if line.startswith("(")), lines[-1])  # '(Unimplemented) …' stands among others
            if self.onednn:
                hint = "leave --use_onednn away"
            else:
                hint = f"Paddle {self.record.paddle} wrote it"
            raise UserError(f"Paddle {self._paddle} cannot run this generator; {hint}. Paddle says: {said}") from None
