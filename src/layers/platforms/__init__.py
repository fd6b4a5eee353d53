"""One folder per platform. A platform's name appears nowhere outside its folder."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import cast

from layers.connector import Connector


def _discover() -> Mapping[str, Connector]:
    found: dict[str, Connector] = {}
    for module in iter_modules(__path__):
        connector = cast("Connector", import_module(f"{__name__}.{module.name}").CONNECTOR)
        found[connector.limits.platform] = connector
    return MappingProxyType(found)


CONNECTORS: Mapping[str, Connector] = _discover()
"""Every platform Layers speaks, by its name on the wire."""
