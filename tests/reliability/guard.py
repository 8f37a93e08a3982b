"""Attempts to read hostile files, in a child process: 5 s of the processor and 1 GiB for each, whatever it does.

The child prints a line of JSON before each attempt and one after it. One that takes too long ends the child, even from within
a library; the parent notes it and starts another child for the rest.
"""

import contextlib
import faulthandler
import functools
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from errors import UserError
from tests.reliability import TALLY

ROOT = Path(__file__).resolve().parents[2]
SECONDS, BYTES = 5, 1 << 30
WAIT = 6 * SECONDS  # by the clock: the machine may be busy with other things
LONGEST = 2000  # characters of an error
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect", "ctypes.dlopen", "exec")
watched: list[list] = []  # while it holds a list, forbidden events are put into that


def _watch(event, arguments):
    # an import runs code too, from a file
    if watched and event in FORBIDDEN and not (event == "exec" and Path(arguments[0].co_filename).is_file()):
        watched[-1].append((event, str(arguments)[:100]))


sys.addaudithook(_watch)


class Cases(dict):
    """{name: (function of an empty folder that puts a file there and returns what reads it, what the error says)}.

    The second is None where it is no error.
    """

    def case(self, words, *arguments):
        """Take in a function under its name, or one for each of `arguments`, which it takes after the folder."""

        def add(make):
            self.update({f"{make.__name__}, {argument}": (functools.partial(make, argument), words) for argument in arguments})
            if not arguments:
                self[make.__name__] = make, words
            return make

        return add

    def check(self, name, result):
        """Raise AssertionError unless an attempt at a case ended as it should."""
        assert not complaint(result), result
        words = self[name][1]
        assert result["outcome"] == ("taken" if words is None else "error") and (words or "") in result["message"], result
        TALLY["tricks, one by one"] += 1


def attempt(read, end=True):
    """Call read() and return what became of it: outcome ('taken', 'error', 'traceback'), message, seconds, bytes, events, and
    what libraries printed on stderr meanwhile.

    'error' is a UserError. seconds: of the processor. end: end this process after WAIT.
    """
    outcome, message, events = "taken", "", []
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    own, printed = os.dup(2), tempfile.TemporaryFile()  # noqa: SIM115 - closed below
    os.dup2(printed.fileno(), 2)
    before, began = peak(), time.process_time()
    watched.append(events)
    if end:
        faulthandler.dump_traceback_later(WAIT, exit=True, file=own)
    try:
        read()
    except UserError as error:
        outcome, message = "error", str(error)
    except BaseException:
        outcome, message = "traceback", traceback.format_exc()[-LONGEST:]
    finally:
        if end:
            faulthandler.cancel_dump_traceback_later()
        watched.pop()
    took, grown = time.process_time() - began, peak() - before
    os.dup2(own, 2)
    os.close(own)
    with printed:
        printed.seek(0)
        said = printed.read().decode(errors="replace")
    return {"outcome": outcome, "message": message, "seconds": took, "bytes": grown, "events": events, "printed": said}


def peak():
    """Bytes of memory that this process has had at most."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def complaint(result):
    """What an attempt did that none may do; '' for a good one."""
    if result["outcome"] not in ("taken", "error"):
        return result["message"]
    if result["seconds"] > SECONDS or result["bytes"] > BYTES:
        return f"{result['seconds']:.1f} s, {result['bytes'] / 1e6:,.0f} MB"
    if result["events"]:
        return f"it did {result['events']}"
    if result["outcome"] == "error" and result["printed"]:
        return f"more than one line on stderr: {result['printed'][:LONGEST]}"
    if result["outcome"] == "error" and not 0 < len(result["message"].strip()) < LONGEST:
        return f"an error of {len(result['message'])} characters"
    return ""


def taken(read):
    """Whether an input was taken, tried in this process; any other exception than UserError is a failure."""
    result = attempt(read, end=False)
    assert not complaint(result), result
    return result["outcome"] == "taken"


def protect_the_machine():
    """What goes beyond all limits fails here, instead of taking the memory of others. The limits themselves are measured."""
    size = 4096 * int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if size:
        resource.setrlimit(resource.RLIMIT_AS, (size + 4 * BYTES,) * 2)


def quiet_stdout():
    """A file for the child's own lines; what libraries print goes to stderr."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return out


def child(module, names):
    """Make and read the files of some of a module's CASES."""
    cases, out = importlib.import_module(module).CASES, quiet_stdout()
    protect_the_machine()
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            read = cases[name][0](Path(folder))
            print(json.dumps({"name": name}), file=out)
            print(json.dumps({"name": name, **attempt(read)}), file=out)


def lines_of(*arguments, environment=None):
    """(objects that a child printed, its stderr) of `python -m` with arguments."""
    command = [sys.executable, "-m", *map(str, arguments)]
    small = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", **(environment or {})}
    result = subprocess.run(command, cwd=ROOT, env={**os.environ, **small}, capture_output=True, text=True, errors="replace")
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def outcomes(module, names):
    """{name: result of attempt} for cases of a module. One that ended its child has outcome 'ended'."""
    results, left = {}, list(names)
    while left:
        lines, errors = lines_of("tests.reliability.guard", module, *left)
        assert lines, errors
        results |= {line["name"]: line for line in lines if "outcome" in line}
        last = lines[-1]["name"]
        results.setdefault(last, {"outcome": "ended", "message": errors[-LONGEST:]})
        left = [name for name in left if name not in results]
    return results


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2:])
