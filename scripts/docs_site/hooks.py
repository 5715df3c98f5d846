"""What mkdocs calls while it builds: pages made of the contract, documents and files from outside docs/."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from contract_pages import TITLES, schema_page, topics_page
from links import FILES, PAGES, Place, file_page, rewritten
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
CONTRACT = ROOT / "contract"
DOCUMENTS = {page: source for source, page in PAGES.items() if source.endswith(".md")}
LONGEST = 200_000  # characters of a file that is shown

log = logging.getLogger("mkdocs.hooks.docs_site")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Pages and files that are not in docs/."""

    def add(page: str, content: str) -> None:
        files.append(File.generated(config, page, content=content))

    made = {page: (ROOT / source).read_text("utf-8") for page, source in DOCUMENTS.items()}
    made["decisions/index.md"] = _decisions()
    for name in TITLES:
        raw = (CONTRACT / "schemas" / f"{name}.schema.json").read_text("utf-8")
        made[f"contract/{name}.md"] = schema_page(name, json.loads(raw))
        add(f"contract/schemas/{name}.schema.json", raw)
    api = (CONTRACT / "asyncapi.yaml").read_text("utf-8")
    made["contract/topics.md"] = topics_page(yaml.safe_load(api))
    add("contract/asyncapi.yaml", api)
    for page, content in made.items():
        add(page, content)
    for path in sorted(_linked(files, made)):
        add(file_page(path), _shown(ROOT / path, path))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - called by name
    """Links as the site needs them."""
    return rewritten(markdown, _place(page.file.src_uri), ROOT, lambda _path: None)


def _place(page: str) -> Place:
    if page.startswith((f"{FILES}/", "contract/")) and page not in DOCUMENTS:
        return Place(f"docs/{page}", page)  # made here: its links are right already
    return Place(DOCUMENTS.get(page, f"docs/{page}"), page)


def _linked(files: Files, made: dict[str, str]) -> set[str]:
    """Everything outside docs/ that some document leads to."""
    found: set[str] = set()
    texts = {f.src_uri: f.content_string for f in files.documentation_pages() if f.src_uri not in made}
    for page, text in (texts | made).items():
        rewritten(text, _place(page), ROOT, found.add)
    return found


def _shown(path: Path, name: str) -> str:
    """A page with a file in it, or a folder's list."""
    if path.is_dir():
        entries = sorted(p.name + ("/" if p.is_dir() else "") for p in path.iterdir())
        return f"# {name}\n\n" + "".join(f"* `{entry}`\n" for entry in entries)
    text = path.read_text("utf-8", errors="replace")[:LONGEST]
    if path.suffix == ".md":
        return text
    language = {".yaml": "yaml", ".yml": "yaml", ".py": "python", ".json": "json"}.get(path.suffix, "text")
    return f"# {name}\n\n````{language}\n{text}\n````\n"


def _decisions() -> str:
    """Every decision by its title."""
    lines = ["# Decisions", "", "Why things are as they are; dated, and not edited afterwards.", ""]
    for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        title = path.read_text("utf-8").splitlines()[0].lstrip("# ")
        lines.append(f"* [{title}](decisions/{path.name})")
    return "\n".join(lines).replace("(decisions/", "(") + "\n"
