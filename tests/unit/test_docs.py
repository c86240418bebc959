"""What the documents for contributors say is true of the tree: paths, names, commands, and who imports whom."""

import ast
import itertools
import re
import tomllib
from functools import cache
from pathlib import Path

import grimp
import networkx
import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "scripts/fineprint"
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
DOCUMENTS = {"CONTRIBUTING.md": (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "architecture.md": ARCHITECTURE}
CODE = [*sorted(LIBRARY.rglob("*.py")), *sorted((ROOT / "scripts").glob("*.py"))]
OTHERS = [*(ROOT / "rules").iterdir(), ROOT / "config.yaml", ROOT / "Makefile", ROOT / "tests/unit/test_methods.py"]
# Names of other people's things, and what a document itself makes up.
ENDINGS = r"\.(py|md|yaml|json|lock|toml|in|cff)$"
FOREIGN = {"None", "r", "config", "cost", "kind", "pip"}


def quoted(text):
    """Return what stands between backticks, blocks of code left out."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```", "", text))


@cache
def defined(path):
    """Return the names that a Python file defines: functions, classes, their members, variables and fields."""
    names = set()

    def visit(body, owner):
        for part in body:
            if isinstance(part, ast.FunctionDef | ast.ClassDef):
                names.add(owner + part.name)
                if isinstance(part, ast.ClassDef):
                    visit(part.body, f"{owner}{part.name}.")
            targets = part.targets if isinstance(part, ast.Assign) else [getattr(part, "target", None)]
            names.update(owner + target.id for target in targets if isinstance(target, ast.Name))

    visit(ast.parse(path.read_text(encoding="utf-8")).body, "")
    return names


@cache
def all_words():
    """Return every name that the library defines, and every word of rules, config and Makefile."""
    names = {name.split(".")[-1] for path in CODE for name in defined(path)}
    return names.union(*(re.findall(r"\w+", path.read_text(encoding="utf-8")) for path in OTHERS))


def find_path(name):
    """Return the file or folder of a name, which may be relative to the library; None where there is none."""
    pattern = re.sub(r"<\w+>|\{\w+\}", "*", name).rstrip("/")
    return next((path for base in (ROOT, LIBRARY) for path in sorted(base.glob(pattern))), None)


def check(quote):
    """Return what is wrong with something between backticks, or None."""
    if "::" in quote:
        file, name = quote.split("::")
        path = find_path(file)
        return None if path and name in defined(path) else f"{name} is not in {file}"
    if re.fullmatch(r"[\w.<>{}*/-]+", quote) and (
        "/" in quote or re.search(r"\.(py|md|yaml|lock|toml|in|cff)$", quote)
    ):
        return None if quote.startswith("results/") or find_path(quote) or made_by_a_run(quote) else f"{quote} is gone"
    if re.fullmatch(r"[A-Za-z_]\w*", quote):
        return None if quote in all_words() | FOREIGN else f"{quote} is defined nowhere"
    return None


def made_by_a_run(name):
    """Return whether a file's name is one that a rule writes."""
    return any(name in path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paths_and_names_exist(name):
    quotes = quoted(DOCUMENTS[name])
    assert len(quotes) > 30
    assert not [problem for problem in map(check, quotes) if problem]


def test_the_check_can_fail():
    wrong = ("training/gone.py", "training/loop.py::gone", "gone_function", "docs/gone.md")
    assert all(check(quote) for quote in wrong)
    assert not any(check(quote) for quote in ("training/loop.py::Loop.run_epoch", "train_run", "rules/", ".venv/"[:-1]))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_and_links_exist(name):
    text, makefile = DOCUMENTS[name], (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)(?:^|`)make ([\w-]+)", text))
    assert not [target for target in targets if not re.search(rf"(?m)^{target}:", makefile)]
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    folder = ROOT / "docs" if name == "architecture.md" else ROOT
    assert not [link for link in links if not (folder / link).exists()]


def test_contributing_is_short():
    assert len(DOCUMENTS["CONTRIBUTING.md"].splitlines()) <= 120


def drawn_arrows():
    """Return the arrows of the picture of the rooms, and the rooms by the box they are drawn in."""
    (picture,) = re.findall(r"(?ms)^```mermaid\n(.*?)^```", ARCHITECTURE)
    arrows, boxes, box = set(), {}, None
    for line in map(str.strip, picture.splitlines()[1:]):
        box = line.split()[1] if line.startswith("subgraph") else None if line == "end" else box
        if line.startswith("subgraph") or line == "end":
            continue
        chain = [[room.strip() for room in part.split("&")] for part in line.split("-->")]
        arrows |= {(a, b) for left, right in itertools.pairwise(chain) for a in left for b in right}
        if box:
            boxes.setdefault(box, set()).update(room for part in chain for room in part)
    return arrows, boxes


def test_the_picture_of_the_rooms_is_true():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    graph, real = grimp.build_graph("fineprint"), networkx.DiGraph()
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            rooms = [name.split(".")[1] for name in (module, other) if "." in name]
            if len(rooms) == 2 and rooms[0] != rooms[1]:
                real.add_edge(*rooms)
    arrows, boxes = drawn_arrows()
    assert arrows == set(networkx.transitive_reduction(real).edges), "the picture in docs/architecture.md"
    assert set().union(*boxes.values()) == set(layers) == set(re.findall(r"(?m)^\| `(\w+)/` \|", ARCHITECTURE))
    forbidden = [contract for contract in contracts if contract["type"] == "forbidden"]
    making, telling = ({name.split(".")[1] for name in contract["source_modules"]} for contract in forbidden)
    assert (boxes["making"], boxes["telling"]) == (making, telling)


def test_what_a_large_study_costs_is_one_figure():
    """docs/cluster.md multiplies what docs/speed.md extrapolates."""
    speed, cluster = (
        " ".join((ROOT / f"docs/{name}.md").read_text(encoding="utf-8").split()) for name in ("speed", "cluster")
    )
    minutes = int(re.search(r"\*\*(\d+) minutes\*\*", speed)[1])
    rows = re.findall(r"\| (?:RoBERTa|Llama)[^|]*\|[^|]*\| ([\d.–]+) \| ([\d.–]+) \|[^|]*\| ([\d.]+) \|", speed)
    starting = float(re.search(r"\(([\d.]+) minutes\)", speed)[1])
    assert len(rows) == 8 and minutes == round(starting + sum(float(v) for row in rows for v in row if v != "–"))
    said = re.search(
        r"take (\d+) minutes.*?(\d+) minutes would take about (\d+) GPU-hours: (\d+) hours on 8 GPUs", cluster
    )
    one, mean, gpu_hours, hours = map(int, said.groups())
    assert one == minutes and mean == round(minutes / 8)
    assert gpu_hours == pytest.approx(5000 * minutes / 8 / 60, abs=5) and hours == round(5000 * minutes / 8 / 60 / 8)
