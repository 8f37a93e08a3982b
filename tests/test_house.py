"""The house: imports run one way, commands → experiments, benchmarks → live → reporting → training → metrics, models, data →
storage → errors."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {
    "errors": 0,
    "ctrl_c": 0,
    "storage": 1,
    "data": 2,
    "models": 2,
    "metrics": 2,
    "training": 3,
    "reporting": 4,
    "live": 5,
    "experiments": 6,
    "benchmarks": 6,
    "web": 7,  # app.py's: it starts compare.py's processes, and speaks to the one that it is the other end of
}
COMMAND = 7
COMMANDS = (
    "metrics/train_network.py",
    "reporting/figures/__main__.py",
    "reporting/publish.py",
    "reporting/settings.py",
    "reporting/strip.py",
)  # beside those at the top: run with python -m
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


def test_nothing_that_a_package_defines_has_the_name_of_a_module_in_it():
    """Whoever imports the module first puts it in the other's place."""
    for path in MODULES:
        if path.name == "__init__.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
            assert not names & {other.stem for other in path.parent.iterdir()}, path


# modules that open or move files otherwise than by storage/writing.py, with what they call, and why they may
WRITERS = {
    "storage/writing.py": {"open", "os.replace"},
    "training/checkpoint.py": {"save_file", "write_text", "os.replace"},  # whole folders, each file of them on the disk
    "training/run_log.py": {"open"},  # grows, and is cut back to its checkpoint
    "training/records.py": {"open"},  # grows, and is cut back to its checkpoint
    "training/run_comparison.py": {"open"},  # what a process prints, as it comes
    "data/files.py": {"open", "os.replace"},  # a download, which goes on where it was cut off
    "data/folder.py": {"os.open"},  # the null device
    "data/mounted.py": {"write_bytes"},  # pictures of a zip, into a folder of writing.filling
    "benchmarks/published.py": {"savez_compressed"},  # into files of writing.replacing
    "benchmarks/relay.py": {"os.open"},  # a network device
    "benchmarks/reading.py": {"write_bytes"},  # pictures in a temporary folder
    "reporting/console.py": {"os.open"},  # the null device
    "reporting/export.py": {"save"},  # Paddle's, into a folder of writing.filling
    "reporting/samples.py": {"savez_compressed", "save"},  # into a file of writing.replacing, and into memory
    "reporting/figures/__init__.py": {"savefig"},  # into memory
    "experiments/store.py": {"savefig", "save"},  # into memory
}
WRITE = {"write_text", "write_bytes", "save", "save_file", "savez", "savez_compressed", "imwrite", "savefig", "to_csv", "tofile"}
WRITE |= {"os.open", "os.replace", "os.rename", "shutil.move", "shutil.copy", "shutil.copyfile", "shutil.copytree", "json.dump"}
OWN = {"writing", "checkpoint", "figures"}  # modules of the project with such functions


def test_files_are_written_in_one_place():
    found = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func)
            short = name.rpartition(".")[2]
            mode = " ".join(map(ast.unparse, [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "mode")]))
            if name == "open":
                writes = not set(mode) <= set("'rbt")
            elif name == "os.open":
                writes = "WR" in mode or "CREAT" in mode  # O_WRONLY, O_RDWR
            else:
                writes = "." in name and (name in WRITE or short in WRITE) and name.partition(".")[0] not in OWN
            if writes:
                found.setdefault(str(path.relative_to(ROOT)), set()).add(name if name in WRITE else short)
    assert {path: sorted(names) for path, names in found.items()} == {path: sorted(names) for path, names in WRITERS.items()}


def test_every_command_says_one_line_at_ctrl_c_from_its_beginning():
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if "\n    console.run(" in text:
            nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Import, ast.ImportFrom))]
            imports = [ast.unparse(node) for node in sorted(nodes, key=lambda node: node.lineno)]
            assert next(line for line in imports if "__future__" not in line) == "import ctrl_c", path


def test_only_commands_print_exit_and_read_the_command_line():
    allowed = {"reporting/console.py", "reporting/progress.py", "ctrl_c.py"}  # how commands talk
    wrong = []
    for path in MODULES:
        if floor_of(path) >= FLOORS["experiments"] or str(path.relative_to(ROOT)) in allowed:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            talks = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "exit")
            reads = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sys"
            if talks or (reads and node.attr in ("argv", "exit")):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong


def used_elsewhere():
    """(module, name) of what modules take from one another: `from a import f`, and `b.f` after `from a import b`."""
    used = set()
    for path in MODULES:
        tree, modules = ast.parse(path.read_text(encoding="utf-8")), {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    modules |= {alias.asname or alias.name: inner} if inner in NAMES else {}
                    used.add((node.module, alias.name))
            elif isinstance(node, ast.Import):
                modules |= {alias.asname or alias.name: alias.name for alias in node.names}
        attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
        used |= {(modules.get(ast.unparse(node.value)), node.attr) for node in attributes}
    return used


USED = used_elsewhere()


def functions(body, owner=None):
    """(class or None, function) of a module or class body and of the classes in it."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from functions(node.body, node.name)
        elif isinstance(node, ast.FunctionDef):
            yield owner, node


def lacks_annotations(function, owner):
    """Names of a function's parameters without a type, and 'return'; of a method all but the first parameter."""
    every, bound = function.args, owner and "staticmethod" not in map(ast.unparse, function.decorator_list)
    parameters = [*every.posonlyargs, *every.args][1 if bound else 0 :]
    parameters += [*every.kwonlyargs, *filter(None, (every.vararg, every.kwarg))]
    without = [parameter.arg for parameter in parameters if parameter.annotation is None]
    return without + (["return"] if function.returns is None and function.name != "__init__" else [])


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_what_others_call_has_types(path):
    """Functions that another module names, and public methods, which may be called through any object; click's commands not."""
    wrong = []
    for owner, function in functions(ast.parse(path.read_text(encoding="utf-8")).body):
        called = not function.name.startswith("_") or function.name in ("__init__", "__call__")
        if owner is None:
            called = (name_of(path), function.name) in USED
        command = any("click.command" in ast.unparse(decorator) for decorator in function.decorator_list)
        if called and not command and (without := lacks_annotations(function, owner)):
            wrong.append(f"line {function.lineno}, {function.name}: {', '.join(without)}")
    assert not wrong
