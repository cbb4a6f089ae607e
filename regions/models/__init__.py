"""Rows that say where: apps, territories, markets and locales."""

from regions.models.app import App
from regions.models.locale import Locale, TerritoryLocale
from regions.models.market import Market, MarketMember
from regions.models.territory import Subdivision, Territory

__all__ = [
    "App",
    "Locale",
    "Market",
    "MarketMember",
    "Subdivision",
    "Territory",
    "TerritoryLocale",
]
