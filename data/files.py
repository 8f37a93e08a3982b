"""Where published files are looked for, and how they are fetched: --data-dir, Paddle's cache, then the network."""

import hashlib
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from errors import UserError

TIMEOUT = 20  # seconds without a byte


@dataclass(frozen=True)
class Remote:
    """A published file: its name, the folder of its URL, its MD5."""

    name: str
    base: str
    md5: str


def cache_dir(data_name):
    """Paddle's own cache, so that a data set fetched by either is found by both."""
    folder = {"cifar10": "cifar"}.get(data_name, data_name)
    return Path.home() / ".cache" / "paddle" / "dataset" / folder


def locate(remote, data_name, data_dir=None):
    """Path of the file: in data_dir (or its sub-folder data_name), in Paddle's cache, or newly downloaded into the cache.

    A file in data_dir is taken as it is, gzipped or not; one from the network must have the published MD5.
    """
    names = [remote.name, remote.name.removesuffix(".gz")]
    if data_dir is not None:
        folders = [Path(data_dir), Path(data_dir) / data_name]
        if not folders[0].is_dir():
            raise UserError(f"--data-dir {data_dir} is not a folder")
        for folder in folders:
            for name in names:
                if (folder / name).is_file():
                    return folder / name
    cached = cache_dir(data_name) / remote.name
    if not cached.is_file():
        _download(remote, cached, data_name, data_dir)
    return cached


def _download(remote, target, data_name, data_dir):
    url = remote.base + remote.name
    where = f"--data-dir DIR (looked in {data_dir}) " if data_dir else "a folder that --data-dir names "
    mend = f"put {remote.name} into {where}or into {target.parent}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=target.parent, prefix=remote.name)
    except OSError as error:
        raise UserError(f"{data_name}: {remote.name} was not found and {target.parent} cannot be written ({error})") from None
    try:
        with os.fdopen(handle, "wb") as out, urllib.request.urlopen(url, timeout=TIMEOUT) as reply:
            shutil.copyfileobj(reply, out)
        found = md5(partial)
        if found != remote.md5:
            raise UserError(f"{url} came with MD5 {found}, published is {remote.md5}; {mend}")
        os.replace(partial, target)  # complete and checked, or not there at all
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", error)
        raise UserError(f"{data_name}: {remote.name} is not here and cannot be downloaded ({reason}); {mend}") from None
    finally:
        Path(partial).unlink(missing_ok=True)


def md5(path):
    digest = hashlib.md5()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
