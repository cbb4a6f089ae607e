"""What a person sees when the product is ready: where to go, who to be, what to paste."""

from __future__ import annotations

import shlex

BACKEND_TOKEN = "superapp:production.demo-backend"  # noqa: S105 - demo only, refused elsewhere
FRONTEND_TOKEN = "superapp:production.demo-frontend"  # noqa: S105 - demo only, refused elsewhere

TEXT = """
  Admin     {base}/admin/
  Sign in   admin, pm, translator or approver; the password is landfall (demo only)

  Ask as a phone in Singapore, in another terminal:

    curl -g '{base}/api/frontend?{person}' -H 'Authorization: {frontend}'
    curl -g '{base}/api/variant?{person}' -H 'Authorization: {frontend}'

  Ask as a server, and listen for changes:

    curl '{base}/api/client/features' -H 'Authorization: {backend}'
    curl -N '{base}/api/stream' -H 'Authorization: {backend}'

  Ask for one decision and the reason for it:

    {command} evaluate commerce.collections --explain \\
      --context '{{"userId":"u-1","accountCountry":"SG","platform":"ios","osVersion":"18.0.0"}}'

  Ctrl-C ends everything.

"""

PERSON = (
    "userId=u-1&properties[accountCountry]=SG&properties[locationCountry]=SG"
    "&properties[storefrontCountry]=SG&properties[platform]=ios&properties[osVersion]=18.0.0"
    "&properties[appVersion]=8.0.70"
)


def guide(host: str, port: int, *, data_dir: str = "") -> str:
    """Return the guide with this machine's address in it.

    `data_dir` is the folder that LANDFALL_DATA_DIR named; another terminal has to name it too.
    """
    folder = f"LANDFALL_DATA_DIR={shlex.quote(data_dir)} " if data_dir else ""
    return TEXT.format(
        base=f"http://{name_host(host)}:{port}",
        person=PERSON,
        frontend=FRONTEND_TOKEN,
        backend=BACKEND_TOKEN,
        command=f"{folder}.venv/bin/python manage.py",
    )


def name_host(host: str) -> str:
    """Return the name under which this machine reaches a server that listens on the host."""
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
