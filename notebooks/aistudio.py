"""The notebook's setup: packages that are missing, mounted data, what its cells share.

At the top only what Python itself brings is imported: everything else may be missing before install().
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# packages that are imported by another name than pip's
MODULES = {"paddlepaddle": "paddle", "scikit-learn": "sklearn", "opencv-python": "cv2", "pyyaml": "yaml", "pillow": "PIL"}


def home() -> Path | None:
    """AI Studio's home folder, None elsewhere. Of what lies in it AI Studio keeps `work` and `external-libraries`."""
    places = (Path.home(), Path("/home/aistudio"))
    return next((path for path in places if path.name == "aistudio" and path.is_dir()), None)


def missing() -> list[str]:
    """Requirements whose packages cannot be imported. Whatever Paddle is there stays."""
    files = [(ROOT / file).read_text("utf-8") for file in ("requirements.txt", "requirements-cpu.txt")]
    lines = [line.partition(" #")[0].rstrip() for text in files for line in text.splitlines()]  # pip takes comments in files only
    names = {line: re.match(r"[\w.-]*", line).group().lower() for line in lines if line[:1].isalpha()}
    return [line for line, name in names.items() if importlib.util.find_spec(MODULES.get(name, name)) is None]


def install() -> None:
    """Install what is missing: on AI Studio into external-libraries, which a new start of its environment leaves alone."""
    libraries = home() and home() / "external-libraries"
    if libraries:
        if str(libraries) not in sys.path:
            sys.path.append(str(libraries))
        others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != str(libraries)]
        os.environ["PYTHONPATH"] = os.pathsep.join([*others, str(libraries)])  # for the commands that the notebook starts
        importlib.invalidate_caches()
    if not (lines := missing()):
        return
    print("安装 · installing:", *lines)
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", *lines]
    with tempfile.TemporaryDirectory() as folder:
        if libraries:
            # -t brings its own copies of what they depend on: of the versions that are there
            versions = Path(folder) / "versions.txt"
            versions.write_text("\n".join(installed()), "utf-8")
            command += ["-t", str(libraries), "-c", str(versions)]
        subprocess.run(command, check=True)
    importlib.invalidate_caches()


def installed() -> list[str]:
    """name==version of each package that is installed, but for those that somebody built himself."""
    found: dict[str, str] = {}
    for package in metadata.distributions():
        name, version = package.metadata["Name"], package.version
        if name and version and "+" not in version:
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def found() -> dict[str, Path]:
    """{name: path} of the data sets that are mounted on AI Studio; empty elsewhere."""
    from data import mounted

    return mounted.find(home() / "data") if home() else {}


def source(name: str) -> tuple[str, str | None]:
    """(data, data_dir) of a data set by its name in found(), or of any other. A zip is unpacked into `work`, once."""
    from data import mounted

    return mounted.ready(name, found(), (home() or Path.home()) / "work" / "pictures")


def results(out: str | Path) -> dict:
    """The comparison's results.json. Raises FileNotFoundError, in words, before it has been made."""
    path = Path(out) / "results.json"
    if not path.is_file():
        raise FileNotFoundError("先运行第 4 节 · run section 4 first")
    return json.loads(path.read_text("utf-8"))


def scalars(folder: str | Path) -> dict[str, list[tuple[int, float]]]:
    """{tag: [(step, value), …]} of a run's curves as VisualDL shows them."""
    from visualdl import LogReader

    reader = LogReader(file_path=str(max(Path(folder).glob("vdlrecords.*.log"))))
    tags = reader.get_tags().get("scalar", [])
    return {tag: [(point.id, point.value) for point in reader.get_data("scalar", tag)] for tag in tags}


def show(picture, title: str = "", width: float = 9) -> None:
    """Show pixels, H×W×3 or H×W, below the cell."""
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(figsize=(width, width * picture.shape[0] / picture.shape[1] + 0.3), dpi=80)
    axes.imshow(picture, cmap="gray")
    axes.set_title(title)
    axes.axis("off")
    plt.show()
