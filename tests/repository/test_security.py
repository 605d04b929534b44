"""No code from data, no words of strangers in a shell, nothing unpacked to disk: what no file of the project does."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest
import yaml

from depthtransfer import strict

from .test_layout import ROOT, repository_files

EXECUTES_WHAT_IT_READS = {"pickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
EXECUTES_TEXT = {"eval", "exec", "compile", "__import__"}
EXECUTES_A_LINE = re.compile(r"os\.(system|popen|exec\w+|spawn\w+)|subprocess\.get(status)?output|pty\.spawn")
UNPACKS = {"extract", "extractall", "unpack_archive"}
SAFE_LOADERS = {"SafeLoader", "CSafeLoader", "yaml.SafeLoader", "_UniqueKeyLoader"}


def python_files() -> list[tuple[str, ast.Module]]:
    """What runs on a user's machine; tests may forge the files that must be refused."""
    return [
        (str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8")))
        for path in repository_files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] != "tests"
    ]


def unsafe(tree: ast.Module) -> list[str]:
    """Imports and calls that run what they read, or that hand a string to a shell."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.split(".")[0] in EXECUTES_WHAT_IT_READS]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            if str(node.module).split(".")[0] in EXECUTES_WHAT_IT_READS:
                found.append(str(node.module))
        elif isinstance(node, ast.Call):
            found += _unsafe_call(node)
    return found


def _unsafe_call(call: ast.Call) -> list[str]:
    name = ast.unparse(call.func)
    last = name.rpartition(".")[2]
    given = {word.arg: ast.unparse(word.value) for word in call.keywords}
    found = [f"{name}({key}=True)" for key in ("shell", "allow_pickle") if given.get(key, "False") != "False"]
    if name == "torch.load" and given.get("weights_only") != "True":
        found.append("torch.load without weights_only=True")
    if name == "torch.save" or last in ("read_pickle", "to_pickle"):
        found.append(name)
    if name in EXECUTES_TEXT or EXECUTES_A_LINE.fullmatch(name) or last in UNPACKS or last == "mktemp":
        found.append(name)
    if (
        name.startswith("subprocess.")
        and call.args
        and isinstance(call.args[0], ast.Constant | ast.JoinedStr | ast.BinOp)
    ):
        found.append(f"{name} of a text")
    if re.fullmatch(r"yaml\.((unsafe|full)_)?load(_all)?", name):
        loader = given.get("Loader", ast.unparse(call.args[1]) if len(call.args) > 1 else "")
        found += [] if loader in SAFE_LOADERS else [f"{name} with {loader or 'any loader'}"]
    if last == "Environment" and given.get("autoescape") != "True":
        found.append(f"{name} without autoescape=True")
    if last in ("chmod", "mkfifo") and any(
        isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value & 0o111
        for argument in call.args
        for node in ast.walk(argument)
    ):
        found.append(f"{name} to executable")
    return found


def test_no_code_executes_what_it_reads() -> None:
    assert {name: found for name, tree in python_files() if (found := unsafe(tree))} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from pickle import load",
        "import joblib.parallel",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.save(state, path)",
        "subprocess.run(line, shell=True)",
        "subprocess.run('ls')",
        "subprocess.Popen(f'ls {name}')",
        "subprocess.check_output('ls ' + name)",
        "subprocess.getoutput(line)",
        "os.system(line)",
        "os.popen(line)",
        "os.execvp(name, words)",
        "eval(text)",
        "exec(text)",
        "compile(text, '', 'eval')",
        "__import__(name)",
        "np.load(path, allow_pickle=True)",
        "frame.to_pickle(path)",
        "yaml.load(text)",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.load(text, yaml.UnsafeLoader)",
        "yaml.unsafe_load(text)",
        "yaml.full_load(text)",
        "archive.extractall(folder)",
        "tar.extract(member)",
        "shutil.unpack_archive(path)",
        "tempfile.mktemp()",
        "jinja2.Environment()",
        "path.chmod(0o755)",
        "path.chmod(0o777 & ~umask)",
    ],
)
def test_unsafe_code_is_recognized(code: str) -> None:
    assert len(unsafe(ast.parse(code))) == 1


@pytest.mark.parametrize(
    "code",
    [
        *("torch.load(path, weights_only=True)", "np.load(p, allow_pickle=False)", "run(a, shell=False)"),
        *("subprocess.run([name])", "re.compile(text)", "network.eval()", "path.chmod(0o644)", "yaml.safe_load(text)"),
        "yaml.load(text, Loader=SafeLoader)",
    ],
)
def test_safe_code_is_left_alone(code: str) -> None:
    assert unsafe(ast.parse(code)) == []


def test_the_loader_of_configuration_is_safe() -> None:
    assert issubclass(strict._UniqueKeyLoader, yaml.SafeLoader)
    assert strict._UniqueKeyLoader.yaml_constructors == yaml.SafeLoader.yaml_constructors
    assert strict._UniqueKeyLoader.yaml_multi_constructors == yaml.SafeLoader.yaml_multi_constructors


def workflow_files() -> list[Path]:
    return [path for path in repository_files() if path.name == "Snakefile" or path.suffix == ".smk"]


def test_the_workflow_executes_no_text() -> None:
    """Rules are Python with a few words more, so they are read token by token."""
    forbidden = EXECUTES_TEXT | EXECUTES_WHAT_IT_READS | {"system", "popen", "script", "notebook", "wrapper"}
    files = workflow_files()
    assert len(files) > 5
    for path in files:
        text = path.read_text(encoding="utf-8")
        words = {token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == 1}
        assert words & forbidden == set(), path.name
        assert not re.search(r"^\s*run\s*:", text, re.MULTILINE), f"{path.name}: rules are commands"


def test_only_checked_words_reach_a_shell() -> None:
    """In a command stand paths and wildcards, and those can only be one of the known names, or numbers."""
    checked = {"preset", "experiment", "figure", "study", "shard", "shards", "folder"}
    number = 0
    for path in workflow_files():
        for command in re.findall(r"    shell:\n((?:        .*\n)+)", path.read_text(encoding="utf-8")):
            number += 1
            for word in re.findall(r"\{([^{}]+)\}", command):
                kind, _, name = word.partition(".")
                assert kind in ("wildcards", "input", "output", "log", "params", "threads", "resources"), word
                assert kind != "wildcards" or name in checked, word
                assert kind != "params" or name in ("preset", "most", "machine"), word
    assert number > 5
