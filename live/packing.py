"""Frames as small JSON, in whole numbers of one or two bytes. live/panel.js reads and draws them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from live.session import Frame, Scene

DIGITS = 5  # of a number
LEVELS = 4095  # a tenth of a pixel where the plane is 400 wide


def pack_scene(scene: Scene) -> dict[str, Any]:
    """{data, extent, w1_real, real: base64 of little-endian uint16, 0..4095 for −extent..extent}."""
    real = _text(of_points(scene.real, scene.extent))
    return {"data": scene.data, "extent": scene.extent, "w1_real": short(scene.w1_real), "real": real}


def pack_frame(frame: Frame, extent: float) -> dict[str, Any]:
    """{numbers, samples: as `real` of pack_scene, low, high, surface: base64 of uint8, 0..255 for low..high, longest, arrows:
    base64 of int8, ±127 for ±longest}: about 4 kB. A sample outside of the plane lies on its edge."""
    (surface, low, high), (arrows, longest) = of_surface(frame.surface), of_arrows(frame.arrows)
    packed = {"samples": of_points(frame.samples, extent), "surface": surface, "arrows": arrows}
    numbers = {name: short(value) for name, value in frame.numbers.items()}
    return {"numbers": numbers, "low": low, "high": high, "longest": longest, **{key: _text(it) for key, it in packed.items()}}


def of_points(points: np.ndarray, extent: float) -> np.ndarray:
    """uint16 N×2, 0..LEVELS, of points in the plane."""
    return np.rint((np.clip(points / extent, -1, 1) + 1) * (LEVELS / 2)).astype("<u2")


def of_surface(surface: np.ndarray) -> tuple[np.ndarray, float, float]:
    """(uint8, value of 0, value of 255)."""
    low, high = float(surface.min()), float(surface.max())
    return np.rint((surface - low) / max(high - low, 1e-30) * 255).astype(np.uint8), short(low), short(high)


def of_arrows(arrows: np.ndarray) -> tuple[np.ndarray, float]:
    """(int8, length of 127)."""
    longest = float(np.linalg.norm(arrows, axis=-1).max())
    return np.rint(arrows / max(longest, 1e-30) * 127).astype(np.int8), short(longest)


def short(number: float) -> float:
    """A number of DIGITS significant digits."""
    return float(f"{number:.{DIGITS}g}")


def _text(array):
    return base64.b64encode(array.tobytes()).decode()
