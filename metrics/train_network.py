"""Train a feature network: `python -m metrics.train_network digits --data-dir DIR`.

Nothing is chosen on the test images: the weights after the last epoch are saved, whatever their accuracy.
"""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

import hashlib
import time

import click
import numpy as np

from data.dataset import crop_to, to_unit
from metrics import networks
from reporting import console, numbers
from storage import writing
from training import runtime

BATCH, RATE, WEIGHT_DECAY = 128, 0.1, 5e-4


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
    network = train(name, dataset, epochs or row.epochs, row.augmentation, seed)

    from safetensors.numpy import save

    raw = save({key: np.ascontiguousarray(value.numpy()) for key, value in network.state_dict().items()})
    path = out or networks.path_of(name)
    writing.write_bytes(path, raw)
    print(f"test accuracy {accuracy(network, dataset):.2f} %, {len(raw):,} bytes, SHA-256 {hashlib.sha256(raw).hexdigest()}")
    print(path)


def train(name, dataset, epochs, augmentation, seed):
    """SGD with Nesterov momentum, the rate rising for a fifth of the steps and falling to 0 linearly; cross-entropy."""
    import paddle
    import paddle.nn.functional as F

    from models.networks.layers import trainable

    paddle.seed(seed)
    rng = np.random.default_rng(seed)
    network = networks.build(name)
    images, labels = crop_to(dataset.train, dataset.native_size), dataset.labels
    total = epochs * (len(images) // BATCH)
    optimizer = paddle.optimizer.Momentum(RATE, 0.9, trainable(network), use_nesterov=True, weight_decay=WEIGHT_DECAY)
    step, began = 0, time.monotonic()
    for epoch in range(1, epochs + 1):
        network.train()
        losses, order = [], rng.permutation(len(images))
        for start in range(0, len(images) - BATCH + 1, BATCH):
            picked = order[start : start + BATCH]
            optimizer.set_lr(RATE * min(step / (0.2 * total), (total - step) / (0.8 * total)))
            x = augment(images[picked], augmentation, rng)
            _, logits = network(paddle.to_tensor(x.transpose(0, 2, 3, 1).copy()))
            loss = F.cross_entropy(logits, paddle.to_tensor(labels[picked]))
            loss.backward()
            optimizer.step()
            optimizer.clear_grad()
            losses.append(float(loss))
            step += 1
        share, left = accuracy(network, dataset), (time.monotonic() - began) * (epochs / epoch - 1)
        print(f"epoch {epoch}/{epochs}  loss {np.mean(losses):.4f}  test {share:.2f} %  eta {numbers.clock(left)}", flush=True)
    network.eval()
    return network


def accuracy(network, dataset):
    """Share of held-out images classified rightly, in %."""
    network.eval()
    images = crop_to(dataset.heldout, dataset.native_size)
    classes = [networks.classify(network, images[i : i + 250])[1].argmax(1) for i in range(0, len(images), 250)]
    return 100 * float((np.concatenate(classes) == dataset.heldout_labels).mean())


def augment(images, how, rng):
    """uint8 N×C×S×S → float32 in [−1, 1], each image moved a little.

    digits: turned by up to 12°, scaled by up to 10 %, moved by up to 2 pixels; every second one also gets noise of up to
    4 % of the range, so that the features follow noise smoothly. flip: mirrored. crop: mirrored and moved by up to 4 pixels.
    """
    import cv2

    size, n = images.shape[-1], len(images)
    x = to_unit(images)
    if how == "digits":
        centre = (size - 1) / 2
        for i in range(n):
            matrix = cv2.getRotationMatrix2D((centre, centre), rng.uniform(-12, 12), rng.uniform(0.9, 1.1))
            matrix[:, 2] += rng.uniform(-2, 2, 2)
            x[i, 0] = cv2.warpAffine(x[i, 0], matrix, (size, size), borderValue=-1.0)
        sigma = rng.uniform(0, 0.08, n) * (rng.random(n) < 0.5)
        noise = rng.standard_normal(x.shape, dtype=np.float32) * sigma[:, None, None, None].astype(np.float32)
        return np.clip(x + noise, -1, 1)
    mirrored = rng.random(n) < 0.5
    x[mirrored] = x[mirrored][..., ::-1]
    if how == "crop":
        padded = np.pad(x, ((0, 0), (0, 0), (4, 4), (4, 4)), mode="reflect")
        for i, (top, left) in enumerate(rng.integers(0, 9, (n, 2))):
            x[i] = padded[i, :, top : top + size, left : left + size]
    return x


if __name__ == "__main__":
    console.run(main)
