"""The one exception that is meant for the user's eyes."""


class UserError(Exception):
    """A mistake that the user can mend. Commands print it as one line on stderr and exit with `status`."""

    status = 2


class TrainingError(UserError):
    """Training cannot go on although the call was right: a non-finite loss, say."""

    status = 1


def one_of(kind, name, allowed):
    """Return the UserError for an unknown `name` of a `kind`, which names the nearest allowed one."""
    import difflib

    near = difflib.get_close_matches(str(name), list(allowed), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return UserError(f"unknown {kind} {name!r}: {hint}allowed are {', '.join(allowed)}")
