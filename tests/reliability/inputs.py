"""What the fuzzer tries: for each kind of file how an input is made, from which good ones, and what reads it.

A kind is a function of an empty folder that puts a good input there and returns (make, read): make(draw) puts another one in its
place, draw is a random.Random; read() is what must take it or raise a UserError.
"""

import contextlib
import gzip
import hashlib
import io
import json

import numpy as np

from tests.helpers import batch, idx, pictures, python2_batch, python3_batch, state_of, tiny_game, write_cifar10
from tests.reliability import formats, mutations
from training import checkpoint, log, recipe, run

STEP = {"step": 50, "critic_steps": 250, "images_seen": 16000, "seconds": 1.5, "cpu_seconds": 1.4, "images_per_second": 9e3}
STEP |= {"critic_loss": -0.5, "generator_loss": 0.5, "estimate": 0.5, "estimate_heldout": 0.4, "gradient_norm": 1.0}


def recipes(folder):
    seeds = [path.read_text() for path in recipe.CONFIGS.glob("*.yaml")]
    names = [*recipe.Recipe.model_fields, *recipe.PLAYER_SETTINGS, "per_data", "provenance", "<<", "? [a]", "!!bool x", '"\\0"']
    path = folder / "x.yaml"
    path.write_text(seeds[0])

    def make(draw):
        text = draw.choice(seeds)
        raw = mutations.of_yaml(text, draw, names) if draw.randrange(2) else mutations.of_bytes(text.encode(), draw)
        path.write_bytes(raw)

    return make, lambda: recipe.load(config=path)


def overrides(folder):
    """-o key=value."""
    names = [*recipe.Recipe.model_fields, *recipe.PLAYER_SETTINGS]
    asked = ["steps=3"]

    def make(draw):
        asked[:] = [f"{draw.choice(names)}={draw.choice([*mutations.YAML, '3', '0.5'])}" for _ in range(draw.randint(0, 2))]
        asked.append(draw.choice(["steps=3", "clip=0.5", "decay=true"]))
        (folder / "x.txt").write_text("\n".join(asked))

    return make, lambda: recipe.load("wgan-paper", overrides=recipe.parse_overrides(asked))


def write_checkpoint(folder):
    """The path of a whole checkpoint of a small network."""
    trainer = tiny_game("wgan", network="mlp", units=4, latent=2, ema=0.9, data="25gaussians", shape=(2,))
    trainer.critic_step(batch(shape=(2,)))
    trainer.generator_step(0)
    return checkpoint.save(folder, 1, trainer.parts(), state_of(trainer), 3)


def checkpoints(folder):
    from safetensors.numpy import load, save

    from training import runtime

    runtime.start("cpu")
    from training.trainer import rebuild

    path = write_checkpoint(folder)
    whole = {file.name: file.read_bytes() for file in path.iterdir()}
    state = json.loads(whole["state.json"])
    weights = [name for name in whole if name != "state.json"]

    def other_arrays(raw, draw):
        arrays = load(raw)
        name = draw.choice(list(arrays))
        kind = draw.randrange(5)
        if kind == 0:
            del arrays[name]
        elif kind == 1:
            arrays[draw.choice(["x", "", "a\nb", "x" * 3000])] = arrays[name]
        elif kind == 2:
            arrays[name] = arrays[name].astype(draw.choice(["f8", "f2", "i8", "u1", "?", "c8"]))
        elif kind == 3:
            arrays[name] = np.resize(arrays[name], draw.choice([(), (0,), (1,), (3, 3), (2, 4, 1), (1 << 16,)]))
        else:
            arrays[name] = np.full_like(arrays[name], draw.choice([np.nan, np.inf, 3e38, 0]))
        return save(arrays)

    def make(draw):
        """An enemy can seal what he wrote, as a bad disk cannot."""
        now, told = dict(whole), state
        if draw.randrange(2):
            told = mutations.of_json(state, draw)
        if draw.randrange(2):
            name = draw.choice(weights)
            now[name] = draw.choice([mutations.of_bytes, other_arrays])(whole[name], draw)
        if draw.randrange(4):
            with contextlib.suppress(KeyError, TypeError):
                told = {**told, "sha256": {**told["sha256"], **{k: hashlib.sha256(now[k]).hexdigest() for k in weights}}}
            now["state.json"] = json.dumps(checkpoint.sealed({k: v for k, v in told.items() if k != "seal"})).encode()
        else:
            now["state.json"] = mutations.of_bytes(whole["state.json"], draw)
        for name, raw in now.items():
            (path / name).write_bytes(raw)

    return make, lambda: rebuild(run.find_checkpoint(path)[1])


def cifar_pickles(folder):
    from data.cifar10 import read_batch

    data = np.random.default_rng(0).integers(0, 256, (2, 3072), dtype=np.uint8)
    # most of a batch is pixels: change those that have none as well
    seeds = [form(data[:n], [1, 2][:n]) for form in (python2_batch, python3_batch) for n in (0, 0, 2)]
    path = folder / "data_batch_1"
    path.write_bytes(seeds[2])

    def make(draw):
        path.write_bytes(draw.choice([mutations.of_bytes, mutations.of_pickle])(draw.choice(seeds), draw))

    return make, lambda: read_batch(path.read_bytes())


def cifar_archives(folder):
    from data.cifar10 import _read_archive

    path = folder / "cifar.tar.gz"
    write_cifar10(path, 1)
    packed = path.read_bytes()
    plain = gzip.decompress(packed)

    def make(draw):
        kind = draw.randrange(4)
        if kind == 0:
            return path.write_bytes(mutations.of_bytes(packed, draw))
        raw = mutations.of_bytes(plain, draw) if kind == 1 else mutations.of_tar(plain, draw)
        return path.write_bytes(gzip.compress(raw, 1) if draw.randrange(2) else raw)

    return make, lambda: _read_archive(path)


def idx_files(folder):
    from data.idx import read_idx

    plain = idx(pictures(6, 28)[:, 0])
    packed = [gzip.compress(plain), gzip.compress(plain[:500]) + gzip.compress(plain[500:])]
    path = folder / "x"
    path.write_bytes(packed[1])

    def make(draw):
        head, form = bytearray(plain[:16]), draw.randrange(3)
        if form == 0:
            return path.write_bytes(mutations.of_bytes(draw.choice([plain, *packed]), draw))
        for _ in range(draw.randint(1, 3)):
            head[draw.randrange(16)] = draw.choice([0, 1, 2, 8, 28, 127, 255])
        raw = bytes(head) + plain[16:]
        return path.write_bytes(gzip.compress(raw) if form == 1 else raw)

    return make, lambda: read_idx(path, 3)


def arrays(folder):
    from metrics.images import read_images, read_points

    seeds = []
    for name, array in (("images", pictures(3, 28)[:, 0]), ("images", pictures(2, 32, 3) / 255), ("points", np.zeros((5, 2)))):
        for save in (np.savez, np.savez_compressed):
            file = io.BytesIO()
            save(file, **{name: array})
            seeds.append((name, file.getvalue()))
    path, now = folder / "x.npz", list(seeds[0])
    path.write_bytes(now[1])

    def make(draw):
        now[:] = draw.choice(seeds)
        path.write_bytes(mutations.of_npz(draw, now[0]) if draw.randrange(2) else mutations.of_bytes(now[1], draw))

    return make, lambda: read_points(path) if now[0] == "points" else read_images(path, 1, 32, 28)


def images(folder):
    from data.folder import read_image

    seeds = [(formats.picture(".png", (20, 24, channels)), mutations.of_png) for channels in (1, 3, 4)]
    for options in ((), (formats.PROGRESSIVE, 1), (formats.RESTART, 1)):
        seeds += [(formats.picture(".jpg", shape, *options), mutations.of_jpeg) for shape in ((20, 24), (33, 9, 3))]
    path = folder / "x"
    path.write_bytes(seeds[0][0])

    def make(draw):
        raw, change = draw.choice(seeds)
        path.write_bytes(draw.choice([change, mutations.of_bytes])(raw, draw))

    return make, lambda: read_image(path, 32)


def logs(folder):
    from reporting import curves

    steps = [{**STEP, "step": 50 * k} for k in range(1, 6)]
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(step) + "\n" for step in steps))

    def make(draw):
        lines = [json.dumps(mutations.of_json(step, draw) if draw.randrange(3) == 0 else step) for step in steps]
        raw = "\n".join([*lines, ""]).encode()
        path.write_bytes(mutations.of_bytes(raw, draw) if draw.randrange(2) else raw)

    def read():
        log.last(folder)
        lines = log.read(folder, log.COUNTERS)
        curves.of_log([lines])
        curves.at_step(lines, 60)

    return make, read


def records(folder):
    from reporting import visual
    from training.records import open_records

    path = folder / "vdlrecords.1234567890.log"
    with visual.silent():
        writer = open_records(path)
        for step in range(5):
            writer.add_scalar("loss/critic", 0.5, step)
            writer.add_scalar("metrics/swd", 0.5, step)
        writer.add_image("samples", pictures(1, 32, 3)[0].transpose(1, 2, 0), 0)
        writer.close()
    whole = path.read_bytes()

    def make(draw):
        path.write_bytes(mutations.of_bytes(whole, draw))

    return make, lambda: visual.add_scores(folder, {2: {"swd": {"value": 1.0}}, 7: {"swd": {"value": 1.0}}})


# name → (kind, inputs in the long form: 20,000 together)
KINDS = {
    "recipes": (recipes, 2000),
    "settings of -o": (overrides, 1000),
    "checkpoints": (checkpoints, 3000),
    "CIFAR-10 pickles": (cifar_pickles, 3500),
    "CIFAR-10 archives": (cifar_archives, 1500),
    "IDX files": (idx_files, 2000),
    ".npz files": (arrays, 2500),
    "images": (images, 2500),
    "log.jsonl": (logs, 1000),
    "VisualDL records": (records, 1000),
}
