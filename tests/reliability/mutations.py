"""Changes of the kinds that fuzzers make, of bytes and of what the bytes mean. draw: a random.Random."""

import contextlib
import json
import pickletools
import re
import tarfile
import zlib

from tests.reliability import formats

LIMITS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1]


def of_bytes(raw, draw):
    """`raw` with one to four changes."""
    raw = bytearray(raw)
    for _ in range(draw.randint(1, 4)):
        at, length = draw.randrange(len(raw) + 1), draw.choice([1, 1, 2, 4, 16, 100])
        kind = draw.randrange(7)
        if kind == 0 and raw:  # a flipped bit
            raw[at % len(raw)] ^= 1 << draw.randrange(8)
        elif kind == 1:  # cut short
            del raw[at:]
        elif kind == 2:  # a piece is missing
            del raw[at : at + length]
        elif kind == 3:  # a piece of noise
            raw[at:at] = draw.randbytes(length)
        elif kind == 4:  # a piece twice
            raw[at:at] = raw[at : at + length]
        elif kind == 5:  # a number at a limit
            number = draw.choice(LIMITS)
            width = next(w for w in (1, 2, 4, 8) if number < 256**w)
            raw[at : at + width] = number.to_bytes(width, draw.choice(["big", "little"]))
        else:  # a piece from elsewhere in it
            other = draw.randrange(len(raw) + 1)
            raw[at : at + length] = raw[other : other + length]
    return bytes(raw)


def of_list(parts, draw, change):
    """A list with one to three of its parts changed, left out, doubled or exchanged."""
    parts = list(parts)
    for _ in range(draw.randint(1, 3)):
        at, kind = draw.randrange(len(parts)), draw.randrange(6)
        if kind <= 2:
            with contextlib.suppress(ValueError, zlib.error):  # of what was changed already
                parts[at] = change(parts[at], draw)
        elif kind == 3 and len(parts) > 1:
            del parts[at]
        elif kind == 4:
            parts[at:at] = [parts[at]] * draw.choice([1, 1, 1, 50])
        else:
            other = draw.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
    return parts


# pickles


def argument(kind, draw):
    """The bytes of an opcode's argument, right or at a limit. kind: its name in pickletools; None for none."""
    if kind is None:
        return b""
    text = draw.choice([b"", b"data", b"labels", b"latin1", b"u1", draw.randbytes(draw.choice([1, 30, 3072]))])
    if kind.startswith(("int", "uint", "float8", "long")):
        size = int(kind[-1]) if kind[-1].isdecimal() else 1
        if kind.startswith("long"):
            return draw.choice([len(text), *LIMITS[:9]]).to_bytes(8, "little")[:size] + text
        return draw.choice([draw.randrange(12), *LIMITS[:10]]).to_bytes(8, "little")[:size]
    if kind.endswith(("1", "4", "8")):  # a string after its length
        return (len(text) if draw.randrange(4) else draw.choice(LIMITS[:9])).to_bytes(8, "little")[: int(kind[-1])] + text
    if "pair" in kind:
        return draw.choice([b"numpy\ndtype\n", b"numpy\nndarray\n", b"numpy.core.multiarray\n_reconstruct\n", b"os\nsystem\n"])
    return draw.choice([b"1\n", b"-1\n", b"'x'\n", b"9" * 5000 + b"\n", text + b"\n"])


def opcodes(draw):
    """One to forty opcodes of a pickle."""
    some = (draw.choice(pickletools.opcodes) for _ in range(draw.randint(1, 40)))
    return b"".join(op.code.encode("latin-1") + argument(op.arg and op.arg.name, draw) for op in some)


def of_pickle(raw, draw):
    """A pickle with opcodes put in between two of its own, or in place of some."""
    starts = [at for _, _, at in pickletools.genops(raw)]
    first, last = sorted(draw.choice(starts) for _ in range(2))
    return raw[:first] + opcodes(draw) + raw[draw.choice([first, last]) :]


# archives, arrays, pictures


def of_tar_header(block, draw):
    """A member's header with another field or two, and the right check sum."""
    block = bytearray(block.ljust(512, b"\0"))
    for _ in range(draw.randint(1, 2)):
        at, length = draw.choice([(0, 100), (100, 8), (124, 12), (124, 12), (136, 12), (156, 1), (156, 1), (257, 8), (345, 155)])
        types = draw.choice([b"0", b"\0", b"1", b"2", b"5", b"6", b"7", b"L", b"K", b"S", b"x", b"g", b"X", b"D", b"M", b"V"])
        sizes = draw.choice([b"%o" % draw.choice([*LIMITS[:10], 3000]), b"\x80" + draw.randbytes(11), b"\xff" * 12, b"-1"])
        field = types if length == 1 else sizes if length == 12 else draw.randbytes(draw.randint(0, length))
        block[at : at + length] = field[:length].ljust(length, b"\0")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def of_tar(raw, draw):
    """An archive whose headers or members are changed, doubled, exchanged, or have others before them."""
    members, at = [], 0
    while at < len(raw) and raw[at : at + 512].strip(b"\0"):
        size = int(raw[at + 124 : at + 135], 8)
        members.append((raw[at : at + 512], raw[at + 512 : at + 512 + size]))
        at += 512 + -(-size // 512) * 512

    def change(member, draw):
        if draw.randrange(2):
            return of_tar_header(member[0], draw), member[1]
        return member[0], draw.choice([of_bytes, of_pickle])(member[1], draw)

    members = of_list(members, draw, change)
    if draw.randrange(2):
        size, kind = draw.choice([0, 20, 600]), draw.choice([tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
        text = draw.choice([b"20 path=data_batch_1\n", b"18 size=9999999999\n", draw.randbytes(size)])
        members.insert(draw.randrange(len(members)), (formats.tar_block("x", draw.choice([len(text), 2**33]), kind), text))
    return b"".join(block + content + bytes(-len(content) % 512) for block, content in members) + bytes(1024)


DTYPES = "|u1 <f4 >f4 <f8 <f2 <f16 <i8 >u2 |b1 |S0 |S5 <U3 |V8 <c8 <M8[s] |O <f3 \0"
DTYPES = [*map(repr, DTYPES.split(" ")), "[('a', '<f4')]", "[('a', '|u1', (1000, 1000))]", "('<f4', (2, 2))", "'" + "(" * 3000]


def of_npz(draw, name):
    """An .npz of arrays whose headers say something odd, or that are none."""
    side = draw.choice([0, 1, 2, 28, 28, 28, 32, 2**20, 2**31, -1])
    shapes = [(2, side, 28), (2, 28, 28), (1, 3, 28, side), (side, 2), (side,), (), (2**40, 28, 28), (2, 28, 28, 1), (0, side)]
    shape = draw.choice([*map(str, shapes), "(None,)", "(2.5, 2)", "[2, 2]", "(" * 200])
    content = draw.choice([bytes(4 * 28 * 28 * 3), draw.randbytes(2 * 28 * 28), bytes(16), b""])
    version = draw.choice([(1, 0), (1, 0), (2, 0), (3, 0), (9, 9)])
    members = {f"{name}.npy": formats.npy(draw.choice(DTYPES), shape, content, draw.choice([False, True, 3]), version)}
    if draw.randrange(4) == 0:
        members = {draw.choice([name, f"{name}.npy", "../x", "a\nb"]): draw.randbytes(20), **members}
    raw = formats.npz(members, draw.choice([0, 8, 8, 12, 14]))
    return of_bytes(raw, draw) if draw.randrange(4) == 0 else raw


KINDS = b"IHDR PLTE IDAT IEND tRNS iCCP eXIf gAMA cHRM zTXt acTL fcTL fdAT sBIT".split()


def of_png(raw, draw):
    """A PNG whose chunks are changed, with right check sums."""

    def change(part, draw):
        kind, content = part
        if kind == b"IDAT" and draw.randrange(2):
            return kind, zlib.compress(of_bytes(zlib.decompress(content), draw))
        if draw.randrange(3) == 0:
            return draw.choice(KINDS), content
        return kind, of_bytes(content, draw)

    parts = of_list(formats.chunks(raw), draw, change)
    if draw.randrange(3) == 0:
        content = draw.choice([b"", b"x\0\0" + zlib.compress(bytes(100_000)), draw.randbytes(26)])
        parts.insert(draw.randrange(1, len(parts) + 1), (draw.choice(KINDS), content))
    return formats.png_of(parts)


def of_jpeg(raw, draw):
    """A JPEG whose segments are changed."""
    return b"".join(of_list(formats.segments(raw), draw, lambda part, draw: part[:4] + of_bytes(part[4:], draw)))


# text


SCALARS = [None, True, -1, 0, 2**80, 1e308, 1e-300, float("nan"), float("inf"), "x", "", "\ud800", "a\u2028b\n", "../../x"]
SCALARS += [[], {}, [[]], [1] * 50, {"a": 1}, [2, 2], "9" * 5000]
YAML = r"""!!bool x; !!int ""; !!float x; !!timestamp x; !!python/object/apply:os.system [id]; !!set {a}; !!omap [a]; !!null x
!!binary x; !!pairs [a]; 1:30; 190:20:30.15; 1e9999; .nan; -.inf; ~; yes; 0b1; 1_0; 2001-01-01; 2001-99-99
2001-12-14t21:59:43.10-99:00
"\uD800"; "\0"; "\u2028"; &a [*a]; *a; {? [a]: b}; [<<, <<: 1]; folder:~nosuchuser; ../../x; - x; '; {; %; @; `"""
YAML = re.split("[;\n] ?", YAML) + ["9" * 5000, "0x" + "f" * 5000, "[" * 500, "{a: " * 500, "|\n  x", "folder:" + "x" * 5000]


def of_yaml(text, draw, names):
    """A mapping in YAML with other values, names out of `names`, and lines twice."""

    def change(line, draw):
        key = line.partition(":")[0] if draw.randrange(3) else draw.choice(names)
        return f"{key}: {draw.choice(YAML)}"

    return "\n".join(of_list(text.splitlines() or [""], draw, change)).encode("utf-8", "surrogatepass")


def of_json(value, draw):
    """A value of JSON with something else in one place of it."""
    value = json.loads(json.dumps(value))
    at = value
    while isinstance(at, (dict, list)) and at:
        key = draw.choice(list(at)) if isinstance(at, dict) else draw.randrange(len(at))
        if not isinstance(at[key], (dict, list)) or not at[key] or draw.randrange(3) == 0:
            if draw.randrange(5) == 0:
                del at[key]
            else:
                at[key] = draw.choice(SCALARS)
            break
        at = at[key]
    return value
