"""The page in the browser of app.py: samples, a training to watch, comparisons."""

WATCHED = ("gan", "wgan", "wgan-gp")  # models whose trainings are watched side by side
