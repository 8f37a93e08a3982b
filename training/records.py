"""VisualDL's record files, written here and now.

VisualDL's own writer hands its records to a thread that drops them on a full disk with no more than a printed line, or
dies and lets the training wait for ever. Here every record is in the file, or an OSError is raised where it was made.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
from pathlib import Path
from typing import Any

from errors import UserError
from storage import reading
from training import runtime

LONGEST = 256 << 20  # bytes of a record, the largest of which are pictures


@functools.cache
def load() -> Any:
    """The package visualdl, silently. Raises OSError.

    When it is imported it makes ~/.visualdl, for its server alone.
    """
    with runtime.temporary_home(), silent():
        import visualdl
        import visualdl.writer.record_writer
    return visualdl


def silent() -> contextlib.ExitStack:
    """A context in which VisualDL's own lines are not printed."""
    silence = contextlib.ExitStack()
    silence.enter_context(contextlib.redirect_stdout(io.StringIO()))
    silence.enter_context(contextlib.redirect_stderr(io.StringIO()))
    return silence


def open_records(path: Path) -> Any:
    """A visualdl.LogWriter that appends to the file `path`, whose name must hold 'vdlrecords'. Raises OSError."""
    visualdl = load()

    class File:
        def __init__(self):
            self._file = open(path, "ab")  # noqa: SIM115 - closed by close()
            self._records = visualdl.writer.record_writer.RecordWriter(self._file)

        def add_record(self, record):
            self._records.write(record.SerializeToString())

        def flush(self):
            self._file.flush()

        def close(self):
            self._file.close()

    class Writer(visualdl.LogWriter):  # type: ignore[name-defined] # it is loaded here, not at the file's head
        file_name = str(path)

        def _get_file_writer(self):
            return file

        def flush(self):
            file.flush()

        def close(self):
            file.close()

    file = File()
    return Writer(str(path.parent))


def read_points(path: Path) -> set[tuple[str, int]]:
    """(tag, step) of the points of all curves in a record file. Raises UserError if a record is damaged or its end is missing.

    A record is its length in 8 bytes and a message of Protocol Buffers. VisualDL's own reader believes any length.
    """
    load()
    with silent():
        from google.protobuf.message import DecodeError
        from visualdl.proto.record_pb2 import Record

    points = set()
    with reading.regular(path) as file:
        size, at = os.fstat(file.fileno()).st_size, 0
        while at < size:
            length = int.from_bytes(file.read(8), "little")
            try:
                if length > min(LONGEST, size - at - 8):
                    raise ValueError
                (value,) = Record.FromString(file.read(length)).values
            except (DecodeError, ValueError):
                raise UserError(f"{path} is damaged or cut short: its record at byte {at:,} cannot be read") from None
            if value.WhichOneof("one_value") == "value":
                points.add((value.tag, value.id))
            at += 8 + length
    return points
