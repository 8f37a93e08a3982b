"""What a record of timings says about where and when they were measured."""

import datetime
import platform
from importlib import metadata
from pathlib import Path

from training import runtime

PACKAGES = ("paddlepaddle", "paddlepaddle-gpu", "torch", "numpy")


def record():
    """A dict of strings and numbers: date (UTC), processor, its vector instructions, cores that may be used, versions."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    about = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = about.get("flags", about.get("Features", "")).split()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "processor": about.get("model name", platform.processor()),
        "instructions": sorted(flag for flag in flags if flag.startswith(("avx", "fma", "amx", "asimd", "sve"))),
        "cores": runtime.cores(),
        "python": platform.python_version(),
        "versions": {name: version for name in PACKAGES if (version := version_of(name))},
    }


def version_of(package):
    """The installed version, None if it is not installed. The package is not imported."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
