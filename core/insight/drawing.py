"""Charts as pictures, without a browser: the only file that knows `vl_convert`, which is an extra."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from core.errors import PlauditError

SCALE: Final = 2.0
"""Pixels of a PNG to one of the chart's: sharp on most screens."""


class ChartsMissingError(PlauditError):
    """What draws charts is not installed."""


class NothingToDrawError(PlauditError):
    """A chart without a single point has no size."""


def can_draw() -> bool:
    """Whether what draws charts is installed."""
    try:
        _converter()
    except ChartsMissingError:
        return False
    return True


def as_svg(chart: Mapping[str, Any]) -> str:
    """A Vega-Lite specification as SVG. Raises ChartsMissingError, NothingToDrawError."""
    return str(_converter().vegalite_to_svg(vl_spec=_with_points(chart)))


def as_png(chart: Mapping[str, Any], *, background: str | None = None) -> bytes:
    """The same as PNG, on a `background` colour or on none. Raises as `as_svg` does."""
    spec = {**_with_points(chart), "background": background}
    return bytes(_converter().vegalite_to_png(vl_spec=spec, scale=SCALE))


def _with_points(chart: Mapping[str, Any]) -> dict[str, Any]:
    if not chart["data"]["values"]:
        raise NothingToDrawError("There is nothing to draw: nobody voted in that time.")
    return dict(chart)


def _converter() -> ModuleType:
    try:
        import vl_convert  # noqa: PLC0415 - an extra, and 80 MB: read only where something is drawn
    except ImportError as error:
        raise ChartsMissingError("To draw charts, install the extra: pip install 'plaudit[charts]'.") from error
    return vl_convert
