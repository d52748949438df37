"""Writes the sprite of the hosted pages from an unpacked release of Bootstrap Icons (MIT).

    npm pack bootstrap-icons && tar xf bootstrap-icons-*.tgz
    .venv/bin/python scripts/icons.py package

Each shape becomes a `<symbol>` of one file; the licence goes beside it.
"""

import json
import re
import sys
from pathlib import Path

STATIC = Path(__file__).parents[1] / "src" / "moorline" / "pages" / "static"
# Our name of a shape, and the package's.
SHAPES = {
    "facebook": "facebook",
    "instagram": "instagram",
    "linkedin": "linkedin",
    "twitter": "twitter-x",
    "tiktok": "tiktok",
    "youtube": "youtube",
    "threads": "threads",
    "reddit": "reddit",
    "pinterest": "pinterest",
    "bluesky": "bluesky",
    "googlebusiness": "google",
    "telegram": "telegram",
    "snapchat": "snapchat",
    "good": "check-circle-fill",
    "warn": "exclamation-triangle-fill",
    "bad": "x-circle-fill",
    "check": "check-lg",
    "copy": "copy",
    "search": "search",
    "language": "translate",
    "link": "link-45deg",
    "person": "person-circle",
}


def symbol(name: str, svg: str) -> str:
    """One shape. Raises: ValueError when its file is not drawn as this script expects."""
    found = re.fullmatch(r'<svg [^>]*viewBox="([0-9 ]+)"[^>]*>(.*)</svg>', svg.strip(), re.DOTALL)
    if found is None:
        raise ValueError(f"{name} is not one svg element with a viewBox")
    drawn = re.sub(r">\s+<", "><", found[2].strip())
    if re.sub(r'<path( [a-z-]+="[^"<>]*")+/>', "", drawn):
        raise ValueError(f"{name} holds more than plain paths")
    return f'<symbol id="{name}" viewBox="{found[1]}">{drawn}</symbol>'


def main(package: Path) -> None:
    """Write the sprite and its licence."""
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    lines = [
        f"<!-- Bootstrap Icons {version}, MIT, see platforms.LICENSE.txt; written by scripts/icons.py -->",
        '<svg xmlns="http://www.w3.org/2000/svg" fill="currentColor">',
        *(
            symbol(ours, (package / "icons" / f"{theirs}.svg").read_text(encoding="utf-8"))
            for ours, theirs in SHAPES.items()
        ),
        "</svg>",
    ]
    (STATIC / "platforms.svg").write_text("\n".join(lines) + "\n", encoding="utf-8")
    licence = (package / "LICENSE").read_text(encoding="utf-8")
    (STATIC / "platforms.LICENSE.txt").write_text(
        f"The shapes in platforms.svg are from Bootstrap Icons {version} (https://icons.getbootstrap.com).\n"
        f"Platform names and logos are trademarks of their owners.\n\n{licence}",
        encoding="utf-8",
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: scripts/icons.py PACKAGE_DIR")
    main(Path(sys.argv[1]))
