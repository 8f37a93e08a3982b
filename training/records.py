"""VisualDL's record files, written here and now.

VisualDL's own writer hands its records to a thread that drops them on a full disk with no more than a printed line, or
dies and lets the training wait for ever. Here every record is in the file, or an OSError is raised where it was made.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any

from errors import UserError
from storage import reading

LONGEST = 256 << 20  # bytes of a record, the largest of which are pictures


def open_records(path: Path) -> Any:
    """A visualdl.LogWriter that appends to the file `path`, whose name must hold 'vdlrecords'. Raises OSError."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        from visualdl import LogWriter
        from visualdl.writer.record_writer import RecordWriter

    class File:
        def __init__(self):
            self._file = open(path, "ab")  # noqa: SIM115 - closed by close()
            self._records = RecordWriter(self._file)

        def add_record(self, record):
            self._records.write(record.SerializeToString())

        def flush(self):
            self._file.flush()

        def close(self):
            self._file.close()

    class Writer(LogWriter):
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
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
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
