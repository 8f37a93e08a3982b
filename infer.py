"""Draw samples by Paddle Inference, from what `sample.py RUN --export DIR` wrote: `python infer.py --model_dir DIR`."""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import os
import time
from pathlib import Path

import click

from errors import UserError
from reporting import console, inference, samples
from training import runtime

KINDS = (".png", ".npz", "folder")
ONEDNN = "Compute with oneDNN, on a CPU; often faster for larger batches."


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--model_dir", "--model-dir", "folder", required=True, metavar="DIR", help="What sample.py --export wrote.")
@click.option("--n", "count", type=click.IntRange(1, 1_000_000), metavar="N", help=samples.HOW_MANY)
@click.option(
    "--batch_size",
    "--batch-size",
    "batch",
    type=click.IntRange(1, 65_536),
    default=64,
    show_default=True,
    metavar="N",
    help="Samples at a time.",
)
@click.option("--device", default="auto", show_default=True, metavar="D", help="auto, cpu, gpu or gpu:N.")
@click.option(
    "--cpu_threads",
    "--cpu-threads",
    "threads",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Threads on a CPU; one a core by default.",
)
@click.option("--use_onednn", "--use-onednn", "onednn", type=bool, default=False, metavar="true|false", help=ONEDNN)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, metavar="S", help=samples.NOISE)
@click.option("--classes", metavar="A,B", help=samples.CHOSEN)
@click.option("--grid", type=click.Choice(["classes"]), help=samples.TABLE)
@click.option("--out", metavar="FILE", help=f"{samples.in_words(KINDS)}. By default a PNG in the exported folder.")
@click.option("--clear", is_flag=True, help=samples.CLEAR)
def main(folder, count, batch, device, threads, onednn, seed, classes, grid, out, clear):
    runtime.check_device(device)
    record = inference.read(folder)
    chosen = samples.chosen_classes(classes, bool(grid), record.classes, folder)
    if onednn and runtime.takes_gpu(device):
        raise UserError("--use_onednn true is for CPUs: --device cpu")
    out = out or str(Path(folder) / samples.picture_name(seed, grid or "samples", classes))
    kind = samples.kind_of(out, KINDS, clear)
    os.environ.setdefault("GLOG_minloglevel", "2")  # Paddle's executor announces itself otherwise
    said = runtime.start(device, threads)
    import paddle  # here: nothing may import it before runtime.start

    if record.paddle != paddle.__version__:
        console.warn(f"{folder} was exported by Paddle {record.paddle}, this is {paddle.__version__}")
    predictor = inference.Predictor(folder, threads or runtime.threads(), onednn, record)
    what = samples.plan(seed, samples.how_many(count, record.shape), record.latent, record.classes, chosen, bool(grid))
    count = len(what.z)
    began = time.perf_counter()
    items = predictor.generate(what.z, batch, what.labels)
    each = 1e3 * (time.perf_counter() - began) / count
    samples.write_items(items, record.native_size, Path(out), kind, what.columns, what.labels)
    print(said)
    print(f"{count:,} samples, {min(batch, count):,} at a time: {each:.2f} ms each, oneDNN {'on' if onednn else 'off'}")
    print(out)
    return 0


if __name__ == "__main__":
    console.run(main)
