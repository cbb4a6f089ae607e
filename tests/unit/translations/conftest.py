"""A folder of catalogs under git, and rows that were read from it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from regions.governance import relay
from regions.governance.commands import Command
from regions.governance.execute import Receipt, execute
from regions.governance.models import Environment
from regions.governance.policy import APPROVERS, TRANSLATORS
from regions.translations.sync import SyncReport, sync_locale
from tests.readings import watch_readings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

SOURCE = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: {plurals}\\n"
"""
EN = (
    ("wallet.unavailable", "Payments are not available.", ""),
    ("wallet.fee", "A fee of {fee} applies.", ""),
    ("wallet.cards", "{n} card", "{n} cards"),
    ("wallet.taxi", "Pay for a taxi", ""),
)
TEXTS: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "zh_Hant": (
        "nplurals=1; plural=0;",
        {
            "wallet.unavailable": ("尚未支援支付。",),
            "wallet.fee": ("收取 {fee}。",),
            "wallet.cards": ("{n} 張卡",),
            "wallet.taxi": ("支付計程車資",),
        },
    ),
    "zh_Hant_HK": ("nplurals=1; plural=0;", {"wallet.taxi": ("支付的士車資",)}),
    "es": (
        "nplurals=2; plural=n != 1;",
        {"wallet.cards": ("{n} tarjeta", "{n} tarjetas"), "wallet.taxi": ("Pagar un taxi",)},
    ),
}


def render(name: str, plurals: str, texts: dict[str, tuple[str, ...]], *, only: bool) -> str:
    """Return a catalog in the house style."""
    lines = [SOURCE.format(language=name, plurals=plurals)]
    for key, source, plural in EN:
        if only and key not in texts:
            continue
        lines.append(f'msgctxt "{key}"\nmsgid "{source}"\n')
        forms = texts.get(key, ("",) * (2 if plural else 1))
        if plural:
            lines[-1] += f'msgid_plural "{plural}"\n'
            lines[-1] += "".join(f'msgstr[{i}] "{form}"\n' for i, form in enumerate(forms))
        else:
            lines[-1] += f'msgstr "{forms[0]}"\n'
    return "\n".join(lines)


@dataclass
class Catalogs:
    """The folder, and short ways to edit, sync and diff it."""

    folder: Path

    def path(self, name: str, component: str = "wallet") -> Path:
        """Return the path of a catalog by the name of its directory."""
        return self.folder / name / "LC_MESSAGES" / f"{component}.po"

    def edit(self, name: str, before: str, after: str) -> None:
        """Replace words in a catalog, as a translator does in an editor."""
        body = self.path(name).read_text()
        assert before in body
        self.path(name).write_text(body.replace(before, after))

    def sync(self, *, check: bool = False, allow_removals: bool = False) -> SyncReport:
        """Bring folder and rows together."""
        return sync_locale(
            self.folder, actor=None, now=NOW, check=check, allow_removals=allow_removals
        )

    def git(self, *arguments: str) -> str:
        """Run git in the folder."""
        done = subprocess.run(
            ["git", "-C", self.folder, "-c", "user.name=t", "-c", "user.email=t@t", *arguments],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def numstat(self) -> list[str]:
        """Return lines added, lines removed and path of each file that git sees changed."""
        return [line.replace("\t", " ") for line in self.git("diff", "--numstat").splitlines()]


Give = Callable[[Command, User], Receipt]


@pytest.fixture(autouse=True)
def readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare what a publish reads anew with what it would read in full."""
    watch_readings(monkeypatch)


@pytest.fixture
def give(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Give:
    """Return a way to give a command as a page does: what follows the commit runs too.

    But for the nudge to Celery, which these tests have no Redis for.
    """

    def give_command(command: Command, actor: User) -> Receipt:
        with django_capture_on_commit_callbacks() as callbacks:
            receipt = execute(command, actor=actor, now=NOW)
        for callback in callbacks:
            if callback is not relay.nudge:
                callback()
        return receipt

    return give_command


@pytest.fixture
def environments(db: None) -> list[Environment]:
    """Create the environments that changes are counted in."""
    return [
        Environment.objects.create(key=key, name=key.title(), position=position)
        for position, key in enumerate(("development", "production"))
    ]


@pytest.fixture
def catalogs(tmp_path: Path, settings: Settings, environments: list[Environment]) -> Catalogs:
    """Return catalogs that are committed to git and read into the database."""
    folder = tmp_path / "locale"
    made = Catalogs(folder)
    settings.LOCALE_DIR = folder
    for name, (plurals, texts) in TEXTS.items():
        made.path(name).parent.mkdir(parents=True)
        made.path(name).write_text(render(name, plurals, texts, only=name == "zh_Hant_HK"))
    made.path("en").parent.mkdir(parents=True)
    made.path("en").write_text(render("en", "nplurals=2; plural=n != 1;", {}, only=False))
    made.git("init", "-q")
    made.git("add", ".")
    made.git("commit", "-qm", "start")
    made.sync()
    return made


@pytest.fixture
def translator(db: None) -> User:
    """Return a person who may write texts."""
    return _person("translator", TRANSLATORS)


@pytest.fixture
def approver(db: None) -> User:
    """Return a person who may approve texts."""
    return _person("approver", APPROVERS)


def _person(name: str, group: str) -> User:
    person = User.objects.create_user(name)
    person.groups.add(Group.objects.get_or_create(name=group)[0])
    return person
