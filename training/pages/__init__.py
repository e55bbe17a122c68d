"""Pages that need nothing else: one HTML file, pictures inside, no script, light and dark."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from training.errors import TrainingError


def render(template: str, **values: Any) -> str:
    """Fill a template of this package; everything is escaped unless it is markup already."""
    environment = Environment(
        loader=PackageLoader("training.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["percent"] = percent
    return environment.get_template(template).render(**values)


def percent(share: float) -> str:
    """`86 %`; shares that would round to none or to all of it are not called that."""
    if 0 < share < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < share < 1 else f"{share:.0%}".replace("%", " %")


def write(page: str, path: Path) -> None:
    """Write a page as UTF-8; raises TrainingError where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"Expected a file that can be written at {path}. {error.strerror}.") from None
