"""A comparison in VisualDL: its pictures and figures as a run of their own, and the command that overlays all runs."""

import contextlib
import io
import shlex
import time
from pathlib import Path

from reporting import figures
from training.records import open_records


def write(out, results):
    """OUT/report/vdlrecords…: samples.png, curves.png, each run's last grid, each group's values. Written anew every time."""
    folder = Path(out) / "report"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("vdlrecords.*.log"):
        old.unlink()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        writer = open_records(folder / f"vdlrecords.{int(time.time()):010d}.log")
        try:
            for name in ("samples", "curves"):
                writer.add_image(f"report/{name}", figures.read_png(Path(out) / f"{name}.png"), 0)
            for run in results["runs"]:
                if run["grids"]:
                    grid = run["grids"][-1]
                    picture = figures.read_png(Path(run["folder"]) / "samples" / grid["file"])
                    writer.add_image(f"final/{tag(run['label'])}-seed-{run['seed']}", picture.copy(), grid["step"])
            for group in results["groups"]:
                lines = [f"{name}: {row['mean']:.4g}" for name, row in group["metrics"].items()]
                writer.add_text(f"result/{tag(group['label'])}", "\n".join([*lines, f"seeds {len(group['seeds'])}"]), 0)
        finally:
            writer.close()


def tag(label):
    """VisualDL refuses some characters in a tag."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in label)


def command(out, entries):
    """The line that opens the comparison's own runs and those that it reused."""
    own = Path(out).resolve()
    others = [str(e.folder) for e in entries if own not in Path(e.folder).resolve().parents]
    line = ["visualdl", "--logdir", str(out), *others, "--host", "127.0.0.1", "--port", "8040", "--disable-telemetry"]
    return shlex.join(line)
