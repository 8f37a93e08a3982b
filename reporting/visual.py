"""VisualDL: scores beside a run's own curves, a comparison's pictures and figures, the command that overlays all runs."""

from __future__ import annotations

import contextlib
import os
import shlex
import time
from pathlib import Path

from errors import cannot_write
from reporting.numbers import in_digits
from storage import writing
from training import grids
from training.comparison import Entry
from training.records import open_records, read_points, silent


def check(folder: str | Path) -> None:
    """Raise UserError if add_scores could add nothing to a run's VisualDL file. It takes as long as reading it."""
    for path in sorted(Path(folder).glob("vdlrecords.*.log"))[:1]:
        read_points(path)


def add_scores(folder: str | Path, scores: dict[int, dict], raw: bool = False) -> None:
    """Put scores, {step: values}, into a run's VisualDL file, beside its estimate; a point that is there stays.

    raw: they are of the generator itself, not of its average, and get curves of their own. The folder is locked. Raises UserError
    for a file that is damaged, and writes nothing then.
    """
    records = sorted(Path(folder).glob("vdlrecords.*.log"))
    if not records:
        return
    known = read_points(records[0])
    size = records[0].stat().st_size
    with silent():
        try:
            with contextlib.closing(open_records(records[0])) as writer:
                for name in sorted({name for values in scores.values() for name in values}):
                    tag = f"{'metrics-raw' if raw else 'metrics'}/{name}"
                    for step, values in sorted(scores.items()):
                        if name in values and (tag, step) not in known:
                            writer.add_scalar(tag, values[name]["value"], step)
        except OSError as error:
            os.truncate(records[0], size)  # half a record would hide all that come after it
            raise cannot_write(records[0], error) from None


def write(out: str | Path, results: dict, pictures: Path) -> None:
    """OUT/report/vdlrecords…: samples.png and curves.png of the folder `pictures`, real items once for all runs, each run's last
    grid, each group's values. It takes the place of an earlier one. Raises WriteError."""
    folder = Path(out) / "report"
    earlier = list(folder.glob("vdlrecords.*.log"))
    with silent(), writing.filling(folder) as new:
        path = new / f"vdlrecords.{int(time.time()):010d}.log"
        writer = open_records(path)
        try:
            for name in ("samples", "curves"):
                writer.add_image(f"report/{name}", grids.read_png(pictures / f"{name}.png"), 0)
            shown = (grids.shown(grids.path_of_real(run["folder"])) for run in results["runs"])
            real = next((picture for picture in shown if picture is not None), None)
            if real is not None:
                writer.add_image("samples/real", real.copy(), 0)
            for run in results["runs"]:
                step = run["grids"][-1]["step"] if run["grids"] else 0
                picture = grids.shown(grids.path_of(run["folder"], step))
                if picture is not None:
                    writer.add_image(f"final/{tag(run['label'])}-seed-{run['seed']}", picture.copy(), step)
            for group in results["groups"]:
                lines = [f"{name}: {in_digits(row['mean'])}" for name, row in group["metrics"].items()]
                writer.add_text(f"result/{tag(group['label'])}", "\n".join([*lines, f"seeds {len(group['seeds'])}"]), 0)
        finally:
            writer.close()
    for old in earlier:
        if old.name != path.name:
            old.unlink()


def tag(label: str) -> str:
    """The label without the characters that VisualDL does not take in a tag."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in label)


def command(out: str | Path, entries: list[Entry]) -> str:
    """The line that opens the comparison's own runs and those that it reused."""
    own = Path(out).resolve()
    others = [str(e.folder) for e in entries if own not in e.folder.resolve().parents]
    line = ["visualdl", "--logdir", str(out), *others, "--host", "127.0.0.1", "--port", "8040", "--disable-telemetry"]
    return shlex.join(line)
