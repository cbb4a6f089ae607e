"""What the admin looks like and where its pages are found."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def _static(name: str) -> Any:
    return lambda _request: static(name)


def _page(title: Any, icon: str, name: str) -> dict[str, Any]:
    """Return a link to an admin page, active on its own pages only."""
    link = reverse_lazy(f"admin:{name}")

    def is_active(request: HttpRequest) -> bool:
        return request.path.startswith(str(link))

    return {"title": title, "icon": icon, "link": link, "active": is_active}


def _rows(title: Any, icon: str, model: str) -> dict[str, Any]:
    return _page(title, icon, f"{model}_changelist")


NAVIGATION = [
    {
        "items": [
            {
                "title": _("Launch board"),
                "icon": "grid_view",
                "link": reverse_lazy("board:board"),
                "active": lambda request: request.path.startswith(str(reverse_lazy("board:board"))),
            },
            {
                "title": _("Health"),
                "icon": "monitor_heart",
                "link": reverse_lazy("health"),
                "active": lambda request: request.path.startswith(str(reverse_lazy("health"))),
            },
        ],
    },
    {
        "title": _("Decide"),
        "items": [
            _rows(_("Features"), "toggle_on", "flags_feature"),
            _rows(_("Bundles"), "package_2", "flags_bundle"),
            _rows(_("Offers"), "storefront", "flags_offer"),
            _rows(_("Partners"), "handshake", "flags_partner"),
            _rows(_("Schedules"), "event", "flags_schedule"),
            _rows(_("Kill switches"), "bolt", "flags_killswitch"),
            _rows(_("Expectations"), "verified", "flags_expectation"),
        ],
    },
    {
        "title": _("Law and duties"),
        "collapsible": True,
        "items": [
            _rows(_("Legal orders"), "gavel", "flags_legalorder"),
            _rows(_("Age rules"), "cake", "flags_agerule"),
            _rows(_("Consent rules"), "how_to_reg", "flags_consentrule"),
        ],
    },
    {
        "title": _("Limits and rollouts"),
        "collapsible": True,
        "items": [
            _rows(_("Life cycles"), "hourglass_bottom", "flags_lifecycle"),
            _rows(_("Caps"), "group_add", "flags_cap"),
            _rows(_("Cluster rollouts"), "hub", "flags_clusterrollout"),
            _rows(_("Targeting"), "target", "flags_strategy"),
            _rows(_("Segments"), "groups", "flags_segment"),
        ],
    },
    {
        "title": _("Devices"),
        "collapsible": True,
        "items": [
            _rows(_("Platform profiles"), "devices", "flags_platformprofile"),
            _rows(_("Platform retirements"), "phonelink_off", "flags_platformretirement"),
        ],
    },
    {
        "title": _("Texts"),
        "items": [
            _rows(_("Translations"), "translate", "translations_translation"),
            _rows(_("Conflicts"), "call_split", "translations_conflict"),
            _rows(_("Components"), "folder_open", "translations_component"),
        ],
    },
    {
        "title": _("Regions"),
        "collapsible": True,
        "items": [
            _rows(_("Countries and regions"), "public", "regions_territory"),
            _rows(_("Markets"), "travel_explore", "regions_market"),
            _rows(_("Locales"), "language", "regions_locale"),
            _rows(_("Apps"), "apps", "regions_app"),
            _rows(_("Environments"), "layers", "governance_environment"),
        ],
    },
    {
        "title": _("Operate"),
        "collapsible": True,
        "items": [
            _rows(_("Snapshots"), "history", "flags_snapshot"),
            _rows(_("What people saw"), "visibility", "flags_hourlyusage"),
            _rows(_("Audit"), "fact_check", "governance_auditentry"),
            _rows(_("Client tokens"), "key", "flags_clienttoken"),
            _rows(_("Users"), "person", "auth_user"),
            _rows(_("Groups"), "shield_person", "auth_group"),
        ],
    },
]

# Sea blue: calm beside the statuses, which own green, amber, violet and red.
PRIMARY = {
    "50": "oklch(97.4% .013 236.6)",
    "100": "oklch(94.6% .027 236.8)",
    "200": "oklch(89.6% .055 236.6)",
    "300": "oklch(81.8% .098 234.6)",
    "400": "oklch(72.8% .135 236.5)",
    "500": "oklch(62.6% .142 243)",
    "600": "oklch(52.8% .138 248.5)",
    "700": "oklch(46.6% .122 249.5)",
    "800": "oklch(40.8% .102 249)",
    "900": "oklch(36% .084 249.6)",
    "950": "oklch(26.6% .06 251)",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Landfall",
    "SITE_HEADER": "Landfall",
    "SITE_SUBHEADER": _("What lands where"),
    "SITE_SYMBOL": "sailing",
    "SITE_URL": reverse_lazy("board:board"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": _static("landfall/favicon.svg")}
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": PRIMARY},
    "STYLES": [_static("landfall/admin.css")],
    "SCRIPTS": [_static("landfall/published.js")],
    "COMMAND": {"search_models": True},
    "SIDEBAR": {
        "show_search": False,
        "command_search": True,
        "show_all_applications": False,
        "navigation": NAVIGATION,
    },
}
