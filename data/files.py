"""Where published files are looked for, and how they are fetched: --data-dir, Paddle's cache, then the network."""

import hashlib
import http.client
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from errors import UserError, cannot_write, megabytes
from storage import reading

LOG = logging.getLogger(__name__)
TIMEOUT = 20  # seconds without a byte
SLOWEST = 1000  # bytes/s, after TIMEOUT
ATTEMPTS, PAUSE = 4, 1  # seconds, times the number of the attempt
PATIENCE = 1800  # seconds that one process waits for another's download


@dataclass(frozen=True)
class Remote:
    """A published file: its name, the folder of its URL (https), its MD5, its size in bytes.

    cached: its folder below Paddle's cache, where that is not the data set's name.
    """

    name: str
    base: str
    md5: str
    size: int
    cached: str | None = None


def locate(remote: Remote, data_name: str, data_dir: str | None = None, together: Sequence[Remote] = ()) -> Path:
    """Path of the file: in data_dir's sub-folder data_name or data_dir, in Paddle's cache, or newly downloaded into the cache.

    The cache is Paddle's own, so that a data set fetched by either is found by both. A file in data_dir is taken as it is,
    gzipped or not; one from the network must have the published MD5. together: all files of the data set. Raises UserError, which
    names those of them that are not here.
    """
    path = _place(remote, data_name, data_dir)
    if not reading.is_file(path):
        missing = [other.name for other in together if not reading.is_file(_place(other, data_name, data_dir))]
        _download(remote, path, data_name, data_dir, missing or [remote.name])
    return path


def given(remote: Remote, data_name: str, data_dir: str | Path | None) -> Path | None:
    """The file in data_dir's sub-folder data_name or in data_dir, gzipped or not; None where it is in neither.

    The sub-folder comes first: beside it may lie another data set, whose files have the same names.
    """
    folders = [Path(data_dir) / data_name, Path(data_dir)] if data_dir is not None else []
    names = (remote.name, remote.name.removesuffix(".gz"))
    return next((folder / name for folder in folders for name in names if reading.is_file(folder / name)), None)


def _place(remote, data_name, data_dir):
    """Where the file lies, or where it would be downloaded to. Raises UserError."""
    if path := given(remote, data_name, data_dir):
        return path
    try:
        home = Path.home()
    except RuntimeError:  # no HOME, and no entry in the system's list of users
        raise UserError(f"{data_name}: there is no home folder to look for {remote.name} in; name one with --data-dir") from None
    return home / ".cache" / "paddle" / "dataset" / (remote.cached or data_name) / remote.name


def _download(remote, target, data_name, data_dir, missing):
    url = remote.base + remote.name
    where = f"--data-dir DIR (looked in {data_dir}) " if data_dir else "a folder that --data-dir names "
    mend = f"put {', '.join(missing)} into {where}or into {target.parent}"
    partial = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(target.with_name(f".{target.name}.lock"), timeout=PATIENCE):
            if reading.is_file(target):  # another process has fetched it meanwhile
                return
            begun = partial.exists()  # by an earlier attempt, of what may have been another file
            _fetch(url, partial, remote.size)
            digest = md5(partial)
            if digest != remote.md5 and begun:
                partial.unlink()
                _fetch(url, partial, remote.size)
                digest = md5(partial)
            if digest != remote.md5:
                partial.unlink()
                raise UserError(f"{url} came with MD5 {digest}, published is {remote.md5}; {mend}")
            os.replace(partial, target)  # complete and checked, or not there at all
    except filelock.Timeout:
        raise UserError(f"{data_name}: another process has been fetching {remote.name} for {PATIENCE} s; {mend}") from None
    except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:  # the last two: a proxy's address is none
        if getattr(error, "filename", None) and not isinstance(error, urllib.error.HTTPError):
            raise UserError(f"{cannot_write(target.parent, error, remote.size)}; {mend}") from None
        reason = getattr(error, "reason", None) or error
        raise UserError(f"{data_name}: {remote.name} is not here and cannot be downloaded ({reason}); {mend}") from None


def _fetch(url, partial, size):
    """Append to `partial` what it lacks of the `size` bytes at `url`, in a few attempts. Raises OSError, HTTPException."""
    for attempt in range(1, ATTEMPTS + 1):
        have = partial.stat().st_size if partial.exists() else 0
        if have > size:  # of something else
            partial.unlink()
            have = 0
        if have == size:
            return
        try:
            request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
            with opener().open(request, timeout=TIMEOUT) as reply:
                if attempt == 1:
                    LOG.info(f"downloading {url} ({megabytes(size)}) → {partial.parent}")
                resumed = have and reply.status == 206 and (reply.headers["Content-Range"] or "").startswith(f"bytes {have}-")
                with open(partial, "ab" if resumed else "wb") as out:
                    _copy(reply, out, size - (have if resumed else 0))
            if reply.length == 0 and partial.stat().st_size != size:  # complete, by its own account
                raise NotPublished(f"it has {partial.stat().st_size:,} bytes, the published file {size:,}")
        except NotPublished:
            partial.unlink()
            raise
        except (OSError, http.client.HTTPException) as error:
            # once more if it was cut off on the way or the server is busy; not where there is no way or no such file
            cut_off = partial.exists() and partial.stat().st_size > have
            busy = isinstance(error, urllib.error.HTTPError) and error.code >= 500
            if attempt == ATTEMPTS or not (cut_off or busy):
                raise
            time.sleep(PAUSE * attempt)
    if (have := partial.stat().st_size) != size:
        raise OSError(f"{have:,} of {size:,} bytes came in {ATTEMPTS} attempts")


def _copy(reply, out, left):
    """Up to `left` bytes, and an error if more come or if they come too slowly."""
    began, copied = time.monotonic(), 0
    while block := reply.read1(1 << 18):
        copied += len(block)
        if copied > left:
            raise NotPublished("it is longer than the published file")
        out.write(block)
        seconds = time.monotonic() - began
        if seconds > TIMEOUT and copied < SLOWEST * seconds:
            raise TimeoutError(f"less than {SLOWEST} bytes/s")


class NotPublished(OSError):
    """What comes is not the published file."""


class HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to where nobody on the way can read or change what comes."""

    def redirect_request(
        self, request: urllib.request.Request, reply: Any, code: int, message: str, headers: Any, url: str
    ) -> urllib.request.Request | None:
        if not url.startswith("https://"):
            raise urllib.error.URLError(f"it redirects to {url[:80]}, which is not https")
        return super().redirect_request(request, reply, code, message, headers, url)


def opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(HttpsOnly)


def md5(path: Path) -> str:
    digest = hashlib.md5()
    with reading.regular(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
