"""The page in the browser of app.py: samples, a training to watch, comparisons."""
