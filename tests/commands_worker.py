"""Commands one after another in one process, under whatever environment it has: python -m tests.commands_worker JSON [nobody].

JSON: [[name, argument, …], …]. nobody: the system knows no such user, and so no home. Prints [[status, stdout, stderr], …].
"""

import contextlib
import io
import json
import logging
import pwd
import sys


def unknown(*_):
    raise KeyError("no such user")


def run(name, arguments):
    from reporting import console

    sys.argv = [f"{name}.py", *arguments]
    out, err, status = io.StringIO(), io.StringIO(), None
    logging.getLogger().handlers.clear()  # of the command before: it wrote to that one's stderr
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            console.run(__import__(name).main)
        except SystemExit as stop:
            status = stop.code
        except BaseException as error:  # what a user would see as a traceback
            err.write(f"Traceback: {error!r}\n")
    return status, out.getvalue(), err.getvalue()


def main(commands, nobody=""):
    if nobody:
        pwd.getpwuid = pwd.getpwnam = unknown
    print(json.dumps([run(name, arguments) for name, *arguments in json.loads(commands)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
