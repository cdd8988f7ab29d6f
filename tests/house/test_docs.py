"""The docs as a whole: links lead somewhere, decisions are listed, the glossary is one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.joinpath("docs").rglob("*.md")])
DECISIONS = ROOT / "docs" / "decisions"


def prose(page: Path) -> str:
    """A page without its code, where a `[x](y)` is no link and a `#` no heading."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", lambda code: "`" + re.sub(r"[\[\]()]", "", code[0][1:-1]) + "`", text)


def anchors(page: Path) -> set[str]:
    """The names that headings have as link targets."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_internal_link_leads_somewhere(page):
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and found.suffix == ".md" and anchor not in anchors(found)):
            wrong.append(target)
    assert not wrong


def test_every_page_can_be_reached_from_the_readme():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen and page.exists():
            seen.add(page)
            targets = re.findall(r"\]\(([^)#\s]+\.md)[^)]*\)", prose(page))
            waiting += [(page.parent / target).resolve() for target in targets if ":" not in target]
    assert sorted(set(PAGES) - seen) == []


def test_every_decision_is_in_the_index_once_and_in_order():
    listed = re.findall(r"^- \[\d{4} .+\]\((\d{4}-[a-z0-9-]+\.md)\)", (DECISIONS / "README.md").read_text(), flags=re.M)
    assert listed == sorted(path.name for path in DECISIONS.glob("0*.md"))


def test_the_glossary_is_in_order_and_has_no_word_that_nothing_uses():
    page = ROOT / "docs" / "glossary.md"
    words = re.findall(r"^\*\*(.+)\*\*$", page.read_text(), flags=re.M)
    assert words == sorted(set(words), key=str.lower)
    others = " ".join(other.read_text(encoding="utf-8").lower() for other in PAGES if other != page)
    assert [word for word in words if word.lower() not in others] == []


def test_no_page_or_script_names_a_folder_of_somebodys_machine():
    files = [*PAGES, *ROOT.joinpath("tools").glob("*"), *ROOT.joinpath("examples").rglob("*.py"), ROOT / "Makefile"]
    named = re.compile(r"(?<![\w.$}])/(?:home|Users|root)/\w")
    assert [str(path) for path in files if path.is_file() and named.search(path.read_text(encoding="utf-8"))] == []


def test_the_generated_pages_are_what_the_code_says():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "make_docs.py", "--check"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
