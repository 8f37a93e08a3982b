"""What a record of timings says about where and when they were measured."""

import contextlib
import datetime
import platform
from importlib import metadata
from typing import Any

from training import runtime

PACKAGES = ("paddlepaddle", "paddlepaddle-gpu", "torch", "numpy")


def record() -> dict[str, Any]:
    """Strings and numbers: date (UTC), processor, its vector instructions, cores that may be used, versions."""
    cpu, versions = runtime.cpuinfo(), {}
    for package in PACKAGES:  # not imported
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    flags = cpu.get("flags", cpu.get("Features", "")).split()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "processor": cpu.get("model name", platform.processor()),
        "instructions": sorted(flag for flag in flags if flag.startswith(("avx", "fma", "amx", "asimd", "sve"))),
        "cores": runtime.cores(),
        "python": platform.python_version(),
        "versions": versions,
    }
