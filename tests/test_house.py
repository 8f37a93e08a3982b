"""The house: imports run one way, commands → experiments, benchmarks → reporting → training → metrics, models, data → errors."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {"errors": 0, "data": 1, "models": 1, "metrics": 1, "training": 2, "reporting": 3, "experiments": 4, "benchmarks": 4}
COMMAND = 5
COMMANDS = ("metrics/train_network.py", "reporting/strip.py")  # beside those at the top: run with python -m
MODULES = [path for path in sorted(ROOT.glob("**/*.py")) if path.relative_to(ROOT).parts[0] in FLOORS or path.parent == ROOT]


def floor_of(path):
    """Where a file stands; a file of the root folder that is no package is a command."""
    where = path.relative_to(ROOT)
    return COMMAND if str(where) in COMMANDS else FLOORS.get(where.parts[0].removesuffix(".py"), COMMAND)


def name_of(path):
    """The dotted name of a module's file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


NAMES = {name_of(path) for path in MODULES}


def imported(path, inside_functions=True):
    """Names of the project's modules that a file imports, with the line of each."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if inside_functions else tree.body
    for node in nodes:
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [name if name in NAMES else node.module for name in inner]
        else:
            continue
        for name in found:
            if name in NAMES:
                yield name, node.lineno


def test_every_file_stands_on_a_floor():
    assert len(MODULES) > 80 and {floor_of(path) for path in MODULES} == {*FLOORS.values(), COMMAND}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_import_goes_up(path):
    files = {name_of(module): module for module in MODULES}
    up = [f"{name} (line {line})" for name, line in imported(path) if floor_of(files[name]) > floor_of(path)]
    assert not up, f"{name_of(path)} imports from above: {', '.join(up)}"


def test_no_circle():
    """Not even through imports inside functions, which only put off what a circle means."""
    edges = {name_of(path): {name for name, _ in imported(path) if name != name_of(path)} for path in MODULES}
    done, under_way = set(), []

    def visit(name):
        if name in under_way:
            pytest.fail(f"a circle: {' → '.join([*under_way[under_way.index(name) :], name])}")
        if name not in done:
            under_way.append(name)
            for other in sorted(edges[name]):
                visit(other)
            under_way.pop()
            done.add(name)

    for name in sorted(edges):
        visit(name)


def test_only_commands_print_exit_and_read_the_command_line():
    allowed = {"reporting/console.py", "reporting/progress.py"}  # how commands talk
    wrong = []
    for path in MODULES:
        if floor_of(path) >= 4 or str(path.relative_to(ROOT)) in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            talks = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "exit")
            reads = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sys"
            if talks or (reads and node.attr in ("argv", "exit")):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong
