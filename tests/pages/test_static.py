"""The files that pages load: ours, small, kept for ever under the address of their version."""

import re
from xml.etree import ElementTree as ET

import pytest

from moorline.pages import icons, static_files, words
from moorline.pages.static_files import FILES, PREFIX, static_url
from tests.harness import World, shares_a_world

CSS = FILES["moorline.css"].content.decode()
SCRIPT = FILES["moorline.js"].content.decode()
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@shares_a_world
@pytest.mark.parametrize("name", sorted(FILES))
async def test_a_file_is_kept_for_ever_under_the_address_of_its_version_only(shared: World, name: str) -> None:
    answer = await shared.call("GET", static_url(name), key=None)
    assert answer.status == 200
    assert answer.headers["content-type"] == TYPES[name.rpartition(".")[2]]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    loaded_by = "cross-origin" if name == static_files.FOR_OTHERS else "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == loaded_by
    assert answer.text == FILES[name].content.decode()
    for other, kept in (("", "public, max-age=3600"), ("?v=", "public, max-age=3600"), ("?v=000000000000", "no-cache")):
        older = await shared.call("GET", f"{PREFIX}/{name}{other}", key=None)
        assert older.headers["cache-control"] == kept


@shares_a_world
@pytest.mark.parametrize("name", ["nothing.css", "platforms.LICENSE.txt", "..", "%2e%2e%2fview.py", "%00"])
async def test_there_is_nothing_else(shared: World, name: str) -> None:
    assert (await shared.call("GET", f"{PREFIX}/{name}", key=None)).status == 404


def test_a_version_follows_the_content() -> None:
    assert len({file.version for file in FILES.values()}) == len(FILES)
    assert all(re.fullmatch(r"[0-9a-f]{12}", file.version) for file in FILES.values())


def test_s26_no_file_loads_another() -> None:
    for name, file in FILES.items():
        text = file.content.decode().replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"url\(|@import|https?://", text), name


def test_they_are_small() -> None:
    assert len(FILES["moorline.css"].content) < 25 * 1024
    assert len(FILES["moorline.js"].content) < 8 * 1024
    assert len(FILES[icons.SPRITE].content) < 20 * 1024


def test_the_stylesheet_knows_no_left_and_no_right() -> None:
    physical = re.findall(r"[{;\s]((?:margin|padding|border|inset)?-?(?:left|right))\s*:", CSS)
    assert physical == []
    assert re.findall(r"(?:text-align|float|clear): (?:left|right)", CSS) == []


def test_every_colour_of_the_stylesheet_is_a_token() -> None:
    rules = re.sub(r":root[^{]*\{[^}]*\}", "", CSS)
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rules)) == {"#ffffff"}  # the ground of a QR code
    used, known = set(re.findall(r"var\(--([a-z-]+)\)", CSS)), set(re.findall(r"--([a-z-]+):", CSS))
    assert used <= known
    assert known - used == set()


def test_the_script_asks_for_no_style_and_writes_no_markup_of_its_own() -> None:
    assert not re.search(r"\.style\b|insertAdjacentHTML|document\.write|\beval\b|new Function|outerHTML", SCRIPT)


def test_every_platform_that_has_a_name_for_people_has_its_shape() -> None:
    named = set(words._PLATFORMS)
    assert named >= {"facebook", "googlebusiness", "snapchat"}
    assert named <= icons.NAMES
    for name in icons.NAMES:
        assert f'#{name}"' in icons.icon(name)


def test_a_platform_without_a_shape_gets_its_name_and_an_empty_box_of_the_same_size() -> None:
    assert words.platform_title("fernpost") == "Fernpost"
    empty = icons.platform_icon("fernpost")
    assert "<use" not in empty
    assert empty.partition(">")[0] == icons.platform_icon("facebook").partition(">")[0]


def test_the_sprite_is_paths_and_nothing_else() -> None:
    root = ET.fromstring(FILES[icons.SPRITE].content.decode())  # noqa: S314 - a file of ours
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert kinds == {"svg", "symbol", "path"}
    licence = (static_files._FOLDER / "platforms.LICENSE.txt").read_text(encoding="utf-8")
    assert "MIT License" in licence
    assert "Copyright" in licence
