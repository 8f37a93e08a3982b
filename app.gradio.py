"""The same as app.py, under the name that AI Studio looks for."""

if __name__ == "__main__":
    import ctrl_c  # noqa: F401 - before the other imports, which take a while

from app import main
from reporting import console

if __name__ == "__main__":
    console.run(main)
