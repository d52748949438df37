"""A tenant's colour on a page: custom properties for the stylesheet, by the contrast it has on each ground."""

from markupsafe import Markup

from moorline.owners import contrast
from moorline.owners.brands import Brand


def tint(brand: Brand) -> Markup:
    """The rules for a `<style>` of its own; empty without a colour. `brand.color` was checked when it was saved."""
    color = brand.color
    if color is None:
        return Markup("")
    light, dark = _rules(color, contrast.LIGHT_GROUND), _rules(color, contrast.DARK_GROUND)
    rules = (
        f":root{{--brand:{color};--on-brand:{contrast.text_on(color)};{light}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-scheme=light]){{{dark}}}}}"
        f":root[data-scheme=dark]{{{dark}}}"
    )
    return Markup(rules)  # noqa: S704 - made of checked hex digits and our own words


def _rules(color: str, ground: str) -> str:
    use = contrast.on_ground(color, ground)
    edge = "var(--edge)" if use.needs_edge else color
    link = color if use.good_for_links else "var(--accent)"
    return f"--brand-edge:{edge};--link:{link};"
