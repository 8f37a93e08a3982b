"""VisualDL's record files, written here and now.

VisualDL's own writer hands its records to a thread that drops them on a full disk with no more than a printed line, or
dies and lets the training wait for ever. Here every record is in the file, or an OSError is raised where it was made.
"""

from __future__ import annotations

import contextlib
import functools
import io
from pathlib import Path
from typing import Any

from training import runtime


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

    class Writer(visualdl.LogWriter):
        file_name = str(path)

        def _get_file_writer(self):
            return file

        def flush(self):
            file.flush()

        def close(self):
            file.close()

    file = File()
    return Writer(str(path.parent))
