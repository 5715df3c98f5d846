"""What holds for the whole tree: words, links, licences, numbered decisions, two front pages that agree."""

import re
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "contract").glob("*.md")])
TOLD = [  # what people read: the program's own texts, its documents, its contract
    *PAGES,
    *(path for path in (ROOT / "edge_agent").rglob("*") if path.suffix in {".py", ".html"}),
    *(ROOT / "configs").rglob("*.yaml"),
    *(path for path in (ROOT / "contract").rglob("*") if path.suffix in {".json", ".yaml", ".mjs"}),
]
# Nobody is judged here: what leaves the box is candidate evidence, for a person to review.
ACCUSING = re.compile(
    r"violat|offen[cd]er|offence|offense|culprit|guilt|penalt(?:y|ies)\b|违法|违章|违规|超载|罚款"
)
# Where a word stands for something else: the law's own name, or a page that says what is NOT done.
ALLOWED = (
    "administrative-penalty law",
    "It computes no fine, names no offender",
    "不计算罚款，不认定当事人",
    "offence_code",  # of the authority's own catalogue, empty unless the authority configured one
)


def told(path):
    text = path.read_text("utf-8")
    for allowed in ALLOWED:
        text = text.replace(allowed, "")
    return text


def test_no_text_calls_anybody_guilty():
    found = {str(path.relative_to(ROOT)): ACCUSING.findall(told(path)) for path in TOLD}
    assert {path: words for path, words in found.items() if words} == {}


def dead_links(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    targets = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in target]
    return [target for target in targets if not (page.parent / target).exists()]


def test_every_link_of_every_page_leads_somewhere():
    assert {str(page.relative_to(ROOT)): dead_links(page) for page in PAGES if dead_links(page)} == {}


def test_both_front_pages_name_the_same_commands_and_pages():
    english, chinese = (
        (ROOT / name).read_text("utf-8").replace(name, "").replace(other, "")
        for name, other in (("README.md", "README.zh-CN.md"), ("README.zh-CN.md", "README.md"))
    )
    for pattern in (
        r"`(edge-agent [^`]+)`",
        r"^\./scripts/\w+",
        r"\]\(([^)]+)\)",
        r"^[a-z]+/ ",
        r"`(out/[^`]+)`",
    ):
        found = [set(re.findall(pattern, page, re.MULTILINE)) - {""} for page in (english, chinese)]
        assert found[0] == found[1], pattern
        assert found[0]
    assert english.count("\n## ") == chinese.count("\n## ")


def test_decisions_are_numbered_without_gaps():
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def names(requirements):
    return {re.match(r"[A-Za-z0-9._-]+", text)[0].lower() for text in requirements}


def licences(heading):
    page = (ROOT / "docs" / "licences.md").read_text("utf-8")
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE)
    return {name.lower(): licence for name, _, licence in rows[1:]}


def test_the_licences_page_lists_what_the_project_installs():
    extras = PROJECT["optional-dependencies"]
    assert set(licences("At run time")) == names(PROJECT["dependencies"])
    shipped = [text for name, listed in extras.items() if name != "dev" for text in listed]
    assert set(licences("Only with an extra")) == names(shipped)


@pytest.mark.parametrize(("name", "licence"), licences("At run time").items())
def test_a_licence_is_the_one_that_the_package_states(name, licence):
    try:
        stated = metadata(name)
    except PackageNotFoundError:  # pragma: no cover - every one is installed where the tests run
        pytest.fail(f"{name} is not installed")
    said = " ".join(
        [*(stated.get(f) or "" for f in ("License-Expression", "License")), *stated.get_all("Classifier", [])]
    )
    family = {"BSD-3-Clause": "BSD", "Apache-2.0": "Apache", "PSF-2.0": "Python Software Foundation"}
    for part in licence.split(" OR "):
        assert family.get(part, part) in said


def test_the_project_states_its_licence_and_carries_its_text():
    assert PROJECT["license"] == "AGPL-3.0-or-later"
    assert (ROOT / "LICENSE").read_text("utf-8").lstrip().startswith("GNU AFFERO GENERAL PUBLIC LICENSE")
    assert PROJECT["license-files"] == ["LICENSE"]


def test_no_tracked_file_names_a_place_on_somebody_s_machine():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]
    somewhere = re.compile(rb"/(?:home|Users)/[a-z]|" + re.escape(f"{ROOT}/".encode()))
    assert [path for path in files if somewhere.search(path.read_bytes())] == []
