"""Train a feature network: `python -m metrics.train_network digits --data-dir DIR`.

Nothing is chosen on the test images: the weights after the last epoch are saved, whatever their accuracy.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import hashlib
import time

import click
import numpy as np

from metrics import feature_training, networks
from reporting import console, numbers
from storage import writing
from training import runtime


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=click.Choice(list(networks.NETWORKS)))
@click.option("--data-dir", metavar="DIR", help="Where the data set's files lie; otherwise Paddle's cache, then a download.")
@click.option("--epochs", type=click.IntRange(1), metavar="N", help="Instead of those in NETWORKS.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--device", default="auto", show_default=True, metavar="D", help="auto, cpu, gpu or gpu:N.")
@click.option("--out", metavar="FILE", help="Weights to write, by default metrics/weights/NAME.safetensors.")
def main(name, data_dir, epochs, seed, device, out):
    import data

    runtime.check_device(device)
    row = networks.NETWORKS[name]
    dataset = data.load(row.data, data_dir)
    print(runtime.start(device))
    epochs, began = epochs or row.epochs, time.monotonic()

    def say(epoch, loss, share):
        left = (time.monotonic() - began) * (epochs / epoch - 1)
        print(f"epoch {epoch}/{epochs}  loss {loss:.4f}  test {share:.2f} %  eta {numbers.clock(left)}", flush=True)

    network = feature_training.train(name, dataset, epochs, seed, say)

    from safetensors.numpy import save

    raw = save({key: np.ascontiguousarray(value.numpy()) for key, value in network.state_dict().items()})
    path = out or networks.path_of(name)
    writing.write_bytes(path, raw)
    share, digest = feature_training.accuracy(network, dataset), hashlib.sha256(raw).hexdigest()
    print(f"test accuracy {share:.2f} %, {len(raw):,} bytes, SHA-256 {digest}")
    print(path)


if __name__ == "__main__":
    console.run(main)
