"""Commands of the regions house and the operations that carry them out."""

from regions.operations.apps import SetApp
from regions.operations.environments import SetEnvironment
from regions.operations.locales import SetLocale, SetTerritoryLocales
from regions.operations.markets import MemberSpec, SetMarket
from regions.operations.territories import AddSubdivision, AddTerritory

__all__ = [
    "AddSubdivision",
    "AddTerritory",
    "MemberSpec",
    "SetApp",
    "SetEnvironment",
    "SetLocale",
    "SetMarket",
    "SetTerritoryLocales",
]
