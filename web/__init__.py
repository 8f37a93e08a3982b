"""The page in the browser of app.py: samples, a training to watch, comparisons."""

import data

POINTS = tuple(name for name, row in data.SOURCES.items() if row.is_points)  # that can be watched; they are drawn, not downloaded
WATCHED = ("gan", "wgan", "wgan-gp")  # models whose trainings are watched side by side
