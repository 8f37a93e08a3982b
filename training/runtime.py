"""Threads, processor paths, memory and device: set before Paddle is imported, because they are read once."""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import os
import platform
import re
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from errors import UserError, shortened
from models.omp import threads
from storage import writing
from training import signals

# what start() gave OMP_NUM_THREADS: processes that inherit both know that the user did not
OURS = "PADDLE_WGAN_THREADS"
UNSET = "unset all PADDLE_ variables"
WHEELS = ("paddlepaddle", "paddlepaddle-gpu")
INSTALL = "pip install -r requirements-cpu.txt, or paddlepaddle-gpu for a GPU (docs/paddle.md)"
REINSTALL = f"pip uninstall {' '.join(WHEELS)} paddle, then {INSTALL}"
OLDEST, NEWEST = "2.6.2", "3.3.1"  # of Paddle, that the tests were run with (docs/paddle.md)
_prepared = False  # this process, by start(): a second call cannot change what Paddle has read


def check_device(device: str) -> None:
    """Raise UserError unless `device` reads auto, cpu, gpu or gpu:N."""
    head, colon, index = device.partition(":")
    if device not in ("auto", "cpu", "gpu") and not (head == "gpu" and colon and index.isascii() and index.isdigit()):
        raise UserError(f"--device {device}: allowed are auto, cpu, gpu and gpu:N")


def start(device: str = "auto", threads: int | None = None) -> str:
    """Prepare the process, import Paddle, choose the device. Returns what was set in lines of 80 columns, the first
    for everybody, the others for whoever asks why it is slow.

    Call it before anything imports paddle. threads: one a core by default. What the user's environment sets already is
    kept. Raises UserError for a device that is not there.
    """
    global _prepared
    check_device(device)
    rank_and_processes()
    settings = []
    own = str(threads or cores())
    if given_threads() is None and not _prepared:
        os.environ.pop("OMP_NUM_THREADS", None)
        os.environ[OURS] = own
    _prepared = True
    for name, value, reason in _wanted_environment(own):
        if name in os.environ:
            settings.append(f"{name}={os.environ[name]} (set before)")  # by the user, or by the command that began this one
        else:
            os.environ[name] = value
            if name != "OMP_NUM_THREADS":  # the first line says it
                settings.append(f"{name}={value}{reason}")
    if _keep_memory():
        settings.append("freed memory is kept")
    if has_gpu_build() and not takes_gpu(device):
        os.environ.setdefault("GLOG_minloglevel", "2")  # it warns of CUDA libraries that are missing, and does without
    paddle = _import_paddle()
    place = _place(paddle, device)
    paddle.set_device(place)
    missing = " (its GPU build, but no GPU is here)" if place == "cpu" != device and paddle.device.is_compiled_with_cuda() else ""
    rest = textwrap.fill(", ".join(settings), 79, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return f"Paddle {paddle.__version__} on {place}{missing}, {_threads_in_words()}" + (f"\n{rest}" if rest else "")


@contextlib.contextmanager
def temporary_home() -> Iterator[None]:
    """Within this context HOME is an empty folder that is thrown away afterwards. Raises OSError.

    For libraries that make folders in it when they are imported or called: a user may have no home, or none to write in.
    """
    own = os.environ.get("HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        try:
            yield
        finally:
            del os.environ["HOME"]
            if own is not None:
                os.environ["HOME"] = own


def has_gpu_build() -> bool:
    """Whether paddlepaddle-gpu is installed, without importing Paddle."""
    return "paddlepaddle-gpu" in _wheels()


def _wheels():
    """Those of WHEELS that are installed."""
    found = []
    for name in WHEELS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            metadata.version(name)
            found.append(name)
    return found


def takes_gpu(device: str) -> bool:
    """Whether `--device device` means a GPU here, without importing Paddle."""
    return device.startswith("gpu") or (device == "auto" and has_gpu_build() and _gpus() > 0)


def clock(device: str) -> str:
    """What counts the minutes of a training on `--device device`: 'cpu', which a neighbour on the machine takes nothing of, or on
    a GPU, whose work is not in those, 'wall'."""
    return "wall" if takes_gpu(device) else "cpu"


def _gpus():
    """GPUs that CUDA shows to this process: a machine with the GPU build need not have one."""
    try:
        cuda = ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int()
    return count.value if cuda.cuInit(0) == 0 and cuda.cuDeviceGetCount(ctypes.byref(count)) == 0 else 0


def check_amp(amp: bool) -> None:
    """Raise UserError if `amp` is asked of a device that it does not serve. Call it after start()."""
    if not amp:
        return
    import paddle

    place = paddle.device.get_device()
    if place == "cpu":
        raise UserError("amp is for GPUs: on a CPU leave --amp (or amp=true) away")
    if not paddle.amp.is_bfloat16_supported(place):
        raise UserError(f"amp: {place} has no bfloat16, which takes an A100 or a newer GPU")


def given_threads() -> str | None:
    """OMP_NUM_THREADS as the user set it, None where nobody did or start() did, in this process or in one that began it."""
    value = os.environ.get("OMP_NUM_THREADS")
    return None if value == os.environ.get(OURS) else value


def rank_and_processes() -> tuple[int, int]:
    """(number of this process, number of all) by a launcher's variables, (0, 1) without. Raises UserError if they are no numbers,
    which ends the import of Paddle."""
    given = {name: os.environ.get(name, default) for name, default in (("PADDLE_TRAINER_ID", "0"), ("PADDLE_TRAINERS_NUM", "1"))}
    for name, value in given.items():
        if not (value.isascii() and value.isdigit() and len(value) < 7):
            raise UserError(f"{name}={shortened(value)} is not a whole number: {UNSET}")
    rank, processes = map(int, given.values())
    return rank, processes


def _threads_in_words():
    return "1 thread" if threads() == 1 else f"{threads()} threads"


def cores() -> int:
    """Processor cores that this process may use."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:  # a container's share of time can be smaller than the cores it sees
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        available = min(available, max(1, int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return available


def cpuinfo() -> dict[str, str]:
    """What /proc/cpuinfo says of the first processor; empty where there is no such file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        lines = []
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _wanted_environment(threads):
    yield "OMP_NUM_THREADS", threads, ""
    cpu = cpuinfo()
    if cpu.get("vendor_id") == "AuthenticAMD" and "avx2" in cpu.get("flags", "").split():
        # the wheel's MKL of 2019 takes its slowest path on AMD unless it is told that AVX2 is there
        yield "MKL_DEBUG_CPU_TYPE", "5", " (AMD with AVX2)"
    # milliseconds for which a thread that has done its part of a product waits for the next one at full speed; 200 by default,
    # longer than anything here does between two products
    yield "KMP_BLOCKTIME", "1", ""
    # the same sums in the same order from run to run, on a GPU too
    yield "FLAGS_cudnn_deterministic", "1", ""


def _keep_memory():
    """Tell glibc not to hand large blocks back at every free: each would be paged in anew, zeroed, at every operator."""
    if platform.libc_ver()[0] != "glibc" or any(name.startswith("MALLOC_") for name in os.environ):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    trim_threshold, top_pad, mmap_max = -1, -2, -4
    return all((mallopt(mmap_max, 0), mallopt(trim_threshold, 2**31 - 1), mallopt(top_pad, 256 << 20)))


def _import_paddle():
    stderr = io.StringIO()
    try:  # it makes a folder in there, or in /tmp/.cache, which may be another user's
        writing.check_writable(Path.home() / ".cache" / "paddle" / "dataset")
        home: contextlib.AbstractContextManager = contextlib.nullcontext()
    except (UserError, OSError, RuntimeError):  # RuntimeError: the user has no home
        home = temporary_home()
    with warnings.catch_warnings(), contextlib.redirect_stderr(stderr), home, signals.held_back():
        warnings.simplefilter("ignore")  # that ccache is missing, that threads were set: neither is the user's concern
        new = "paddle" not in sys.modules
        try:
            import paddle
        except ImportError as error:
            if error.name == "paddle":
                raise UserError(f"Paddle is not installed: {INSTALL}") from None
            if (error.name or "").partition(".")[0] not in ("paddle", "libpaddle"):
                raise
            raise UserError(f"Paddle cannot be imported ({error}): {REINSTALL}") from None
        if new and hasattr(paddle, "disable_signal_handler"):
            paddle.disable_signal_handler()  # Paddle's own, there from its import on, print a C++ traceback at SIGTERM
    if not hasattr(paddle, "set_device"):  # the rest of a wheel that was removed, or PyPI's `paddle`, which is something else
        raise UserError(f"the package paddle here is not PaddlePaddle, or not all of it: {REINSTALL}")
    if new:
        _check_version(paddle.__version__)
        # Paddle 3.2 tells everyone who calls paddle.split that PyTorch's is another
        warnings.filterwarnings("ignore", r"\s*Non compatible API")
    for line in stderr.getvalue().splitlines():
        if "OMP_NUM_THREADS" not in line:
            logging.getLogger(__name__).warning(line)
    return paddle


def _check_version(version):
    """Warn of a Paddle that was not tried and of two in one folder. Raises UserError for one that is too old."""
    numbers, oldest, newest = (tuple(map(int, re.findall(r"\d+", each)[:3])) for each in (version, OLDEST, NEWEST))
    if (0, 0, 0) < numbers < oldest:  # 0.0.0: Paddle's nightly builds
        raise UserError(f"Paddle {version} is too old, {OLDEST} is the oldest that works: {INSTALL}")
    log = logging.getLogger(__name__)
    if len(_wheels()) > 1:
        log.warning(f"{' and '.join(WHEELS)} are both installed, in one folder, and the later one is in use: {REINSTALL}")
    if not oldest <= numbers <= newest:
        log.warning(f"Paddle {version} has not been tried with this code, {OLDEST} to {NEWEST} have (docs/paddle.md)")


def _place(paddle, device):
    has_gpu = paddle.device.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0
    if device == "auto":
        return "gpu:0" if has_gpu else "cpu"
    if device.startswith("gpu"):
        if not paddle.device.is_compiled_with_cuda():
            raise UserError(
                f"--device {device}: this Paddle is the CPU build; install paddlepaddle-gpu (docs/guide.md) or use --device cpu"
            )
        count, index = paddle.device.cuda.device_count(), int(device.partition(":")[2] or 0)
        if index >= count:
            raise UserError(f"--device {device}: this machine shows {count} GPUs")
        return f"gpu:{index}"
    return device


def machine() -> dict:
    """What a record of a run says about where it ran: a dict of strings and numbers."""
    import numpy
    import paddle

    return {
        "paddle": paddle.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
        "device": paddle.device.get_device(),
        "processor": cpuinfo().get("model name", platform.processor()),
        "threads": threads(),
    }
