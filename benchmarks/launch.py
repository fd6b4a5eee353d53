"""`layers`, as shipped, with a connector of the benchmarks: `python -m benchmarks.launch serve|work`.

Nothing of Layers that reads the list of connectors may be imported before `be_layers`.
"""

from importlib import import_module
from types import MappingProxyType

from benchmarks.instant import Instant
from layers import platforms


def be_layers(*connectors) -> None:
    """Register connectors, then be the command line."""
    more = {connector.limits.platform: connector for connector in connectors}
    platforms.CONNECTORS = MappingProxyType({**platforms.CONNECTORS, **more})
    import_module("layers.cli").main()


if __name__ == "__main__":
    be_layers(Instant())
