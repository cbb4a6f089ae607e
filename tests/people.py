"""Act as a person in the admin: sign in, fill in a form as the page shows it, send it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html.parser import HTMLParser

import httpx

SCOPE = {"app": "superapp", "environment": "production"}


class _Forms(HTMLParser):
    """Collect the fields that each form of a page would send as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[dict[str, str], dict[str, str]]] = []
        self._select: str | None = None
        self._textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found, {}))
        if not self.forms:
            return
        fields = self.forms[-1][1]
        name = found.get("name", "")
        if tag == "input" and name:
            if found.get("type") in {"checkbox", "radio"} and "checked" not in found:
                return
            if found.get("type") not in {"submit", "button"}:
                fields[name] = found.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in found or self._select not in fields:
                fields[self._select] = found.get("value", "")
        elif tag == "textarea":
            self._textarea = name
            fields[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        if tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1][1][self._textarea] += data


def read_form(
    page: httpx.Response, *, having: str, where: Mapping[str, str] | None = None
) -> tuple[str, dict[str, str]]:
    """Return address and fields of the page's form that has this field, and these values."""
    wanted = where or {}
    parser = _Forms()
    parser.feed(page.text)
    for attributes, fields in parser.forms:
        if having in fields and wanted.items() <= fields.items():
            return str(page.url.join(attributes.get("action", ""))), fields
    raise AssertionError(f"{page.url} answered {page.status_code} without a form having {having}.")


@contextmanager
def sign_in(base: str, name: str, password: str = "landfall") -> Iterator[httpx.Client]:
    """Give a browser's session of a person who signed in through the admin's own form."""
    with httpx.Client(base_url=base, follow_redirects=True, timeout=10) as client:
        done = send_form(
            client,
            client.get("/admin/login/?next=/admin/"),
            having="password",
            fields={"username": name, "password": password},
        )
        assert done.status_code == httpx.codes.OK, done.text[:500]
        assert "sessionid" in client.cookies, f"{name} could not sign in."
        yield client


def send_form(
    client: httpx.Client,
    page: httpx.Response,
    *,
    having: str,
    fields: Mapping[str, str | list[str]],
    where: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Send a form of the page with these fields changed, as a browser would.

    A field with an empty list is not sent at all: nothing is chosen.
    """
    address, values = read_form(page, having=having, where=where)
    origin = str(page.url).split("/admin", maxsplit=1)[0]
    return client.post(
        address,
        data={**values, **fields},
        headers={"Referer": str(page.url), "Origin": origin, **(headers or {})},
    )


def set_cell(client: httpx.Client, cell: str, **fields: str) -> httpx.Response:
    """Fill in the launch board's form of a cell such as `SG:commerce`, and save it."""
    page = client.get("/admin/board/cell/", params={**SCOPE, "cell": cell})
    return send_form(
        client,
        page,
        having="offer-reason",
        fields={f"offer-{name}": value for name, value in fields.items()},
        headers={"X-Requested-With": "fetch"},  # As the page's own script sends it.
    )
