"""Data sets below a folder that somebody else filled, as AI Studio's /home/aistudio/data: found by their files' names."""

from __future__ import annotations

import contextlib
import itertools
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from data import cifar10, folder, idx
from errors import UserError
from storage import reading, writing
from storage.names import part

DEPTH = 3  # folders below the one that is searched: data/dataNNNN/mnist/raw
MOST = 1_000_000  # pictures of a zip


def find(root: Path) -> dict[str, Path]:
    """{name: path} of the data sets below `root`; none if there is no such folder.

    mnist and fashion-mnist, and the folder that holds their four IDX files; cifar10, and its archive's folder; the name of each
    zip with two pictures or more, and the zip. Of several of one name the first counts; folders that cannot be read are passed
    over. Raises UserError.
    """
    found: dict[str, Path] = {}
    for place in _folders(root):
        if _has_idx(place):
            found.setdefault("fashion-mnist" if _is_fashion(place, root) else "mnist", place)
        if reading.is_file(place / cifar10.ARCHIVE.name):
            found.setdefault("cifar10", place)
        for path in sorted(place.glob("*.zip")):
            if path.name not in found and len(_pictures(path)) > 1:
                found[path.name] = path
    return found


def ready(name: str, found: dict[str, Path], work: Path) -> tuple[str, str | None]:
    """(data, data_dir) for data.load and --data, --data-dir: of a name that `find` found, of any other name (name, None).

    A zip's pictures are unpacked below the folder `work`, unless they are there. Raises UserError.
    """
    if name not in found:
        return name, None
    if found[name].suffix == ".zip":
        return f"folder:{_unpack(found[name], work / found[name].stem)}", None
    return name, str(found[name])


def _folders(root: Path, depth: int = DEPTH) -> Iterator[Path]:
    if reading.is_folder(root) and os.access(root, os.R_OK | os.X_OK):  # not a disk's lost+found
        yield root
        if depth:
            for path in sorted(path for path in root.iterdir() if reading.is_folder(path)):
                yield from _folders(path, depth - 1)


def _has_idx(place):
    return all(any(reading.is_file(place / name) for name in (r.name, r.name.removesuffix(".gz"))) for r in idx.remotes("mnist"))


def _is_fashion(place, root):
    """Both data sets' files are named alike: the folders below `root` say which it is, or the published file of labels does."""
    if "fashion" in str(place.relative_to(root)).lower():
        return True
    _, labels = idx.FILES["fashion-mnist"]["heldout"]
    names = (labels.name, labels.name.removesuffix(".gz"))  # in this folder, not in one below it
    with contextlib.suppress(UserError):  # a damaged file is an error where it is loaded
        path = next((place / name for name in names if reading.is_file(place / name)), None)
        return path is not None and idx.published_as(idx.read_idx(path, 1), "heldout") == "fashion-mnist"
    return False


def _pictures(path):
    """The members of a zip that are pictures by their names, in the order of these; none if it is not a zip."""
    try:
        with reading.regular(path) as file, zipfile.ZipFile(file) as archive:
            members = [m for m in archive.infolist() if Path(m.filename).suffix.lower() in folder.SUFFIXES]
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return []
    hidden = ("__MACOSX/", "._")  # what a Mac's Finder puts beside each picture
    return sorted((m for m in members if not m.filename.startswith(hidden)), key=lambda m: m.filename)[:MOST]


def _classes(folders):
    """'CLASS/' for each picture, by the folders above it: the first in which they differ. '' for all if there are no classes."""
    shared = len(list(itertools.takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False))))
    names_of = [part(above[shared]) if len(above) > shared else "" for above in folders]
    distinct = {above[shared : shared + 1] for above in folders}
    if "" in names_of or not len(set(names_of)) == len(distinct) >= 2:
        return [""] * len(folders)
    return [f"{name}/" for name in names_of]


def _unpack(path, target):
    """Write a zip's pictures as target/000000.png …, or as target/CLASS/000000.png where each lies in a folder of its class."""
    members = _pictures(path)
    classes = _classes([PurePosixPath(member.filename).parts[:-1] for member in members])
    suffixes = [Path(member.filename).suffix.lower() for member in members]
    names = [f"{label}{number:06d}{suffix}" for number, (label, suffix) in enumerate(zip(classes, suffixes, strict=True))]
    if all(reading.is_file(target / name) for name in names):
        return target
    try:
        with reading.regular(path) as file, zipfile.ZipFile(file) as archive, writing.filling(target) as new:
            for name, member in zip(names, members, strict=True):
                if member.file_size > folder.LARGEST_FILE:
                    raise UserError(f"{path}: {member.filename[:100]} has {member.file_size:,} bytes, too many for a picture")
                (new / name).parent.mkdir(exist_ok=True)
                (new / name).write_bytes(archive.read(member))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:  # locked, or damaged
        raise UserError(f"{path} cannot be unpacked: {str(error)[:100]}") from None
    return target
