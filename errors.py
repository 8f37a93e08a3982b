"""The exceptions that are meant for the user's eyes."""

import difflib
import errno
import reprlib
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path


class UserError(Exception):
    """A mistake that the user can mend. Commands print it as one line on stderr and exit with `status`."""

    status = 2


class TrainingError(UserError):
    """Training cannot go on although the call was right: a non-finite loss, say."""

    status = 1


class NotFinite(TrainingError):
    """A loss, a figure or a weight is NaN or infinite."""


class NotMeasurable(UserError):
    """A metric cannot be measured, for what the samples or the data are: the same again would say the same."""


class WriteError(UserError):
    """A file cannot be written: no room, no permission, no such disk any more."""


class Interrupted(Exception):
    """A signal, `signum`, ended a training, and a checkpoint was saved. Commands print it and exit with `status`."""

    def __init__(self, signum: int, message: str = "interrupted"):
        super().__init__(message)
        self.signum, self.status = signum, 128 + signum


def cannot_write(path: str | Path, error: Exception, need: int | None = None) -> WriteError:
    """Return the WriteError for an exception met while writing `path`. need: bytes that it takes, if that is known."""
    path = getattr(error, "filename", None) or path
    words = f"{path} cannot be written: {getattr(error, 'strerror', None) or error}"
    code = getattr(error, "errno", None)
    if need and (code in (None, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)):
        words += f"; it takes {megabytes(need)}"
        with suppress(OSError):
            words += f", {megabytes(shutil.disk_usage(_existing(path)).free)} are free"
    return WriteError(words)


def _existing(path):
    return next(place for place in (Path(path).absolute(), *Path(path).absolute().parents) if place.exists())


def megabytes(size: float) -> str:
    return f"{size / 1e6:,.1f} MB"


def one_of(kind: str, name: object, allowed: Collection[str], meant: Collection[str] = ()) -> UserError:
    """Return the UserError for an unknown `name` of a `kind`, which names those that are `meant`, or the nearest allowed one."""
    said = shortened(name)
    plain = {other.lower(): other for other in allowed}  # names are written as WGAN-GP and MNIST everywhere else
    near = list(meant) or [plain[word] for word in difflib.get_close_matches(said.strip("'").lower(), plain, n=1, cutoff=0.5)]
    hint = f"did you mean {repr(near[0]) if len(near) == 1 else ', '.join(near)}? " if near else ""
    return UserError(f"unknown {kind} {said}: {hint}allowed are {', '.join(allowed)}")


def words_of(text: str) -> list[str]:
    """Names with commas between them, ASCII's or Chinese ones, as an input method in Chinese types them."""
    return [word.strip() for word in text.replace("，", ",").split(",")]


def shortened(value: object) -> str:
    """repr, cut: what a file holds may be endless."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 100
    short.maxlevel = 2
    try:
        return short.repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return "an endless number"
