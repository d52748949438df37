"""The settings in the dashboard: the brand with its preview, and who may see them."""

import re
from pathlib import Path

import pytest

import moorline.pages
from moorline.owners import brands
from moorline.owners.brands import NewBrand
from moorline.pages.dashboard import preview
from tests.harness import World, on_both_engines
from tests.pages.dashboard.desk import desk, form_of, heading_of, member_desk, stranger, title_of, words_of
from tests.pages.looks import a_look

WHOLE = {"name": "Harbour", "color": "#FFD400", "logoUrl": "https://example.com/l.png", "contact": "help@example.com"}


async def kept(world: World) -> NewBrand:
    return await brands.read(world.service.db, world.owner.user_id)


@on_both_engines
async def test_a_brand_is_saved_worn_and_taken_off(world: World) -> None:
    at = await desk(world)
    saved = await at.send(await at.see("/settings"), "/settings", act="save", **WHOLE)
    assert "The brand is saved." in words_of(saved)
    assert title_of(saved).endswith("Harbour")
    assert "--brand:#ffd400" in saved.text
    assert await kept(world) == NewBrand(
        name="Harbour", color="#ffd400", logo_url="https://example.com/l.png", contact="help@example.com"
    )
    link = await world.ok("POST", "/v1/connect/links", body={"profileId": world.owner.profile_id})
    opened = await (await stranger(world)).browser.open(link["url"])
    assert "Harbour" in opened.text
    assert "--brand:#ffd400" in opened.text
    await at.send(await at.see("/settings"), "/settings", name="", color="", logoUrl="", contact="")
    assert await kept(world) == NewBrand()
    entries = (await world.ok("GET", "/v1/audit", query={"action": "brand.changed"}))["entries"]
    assert [(one["source"], one["memberId"]) for one in entries] == [("dashboard", world.owner.user_id)] * 2


async def test_only_shown_nothing_is_saved(world: World) -> None:
    at = await desk(world)
    shown = await at.send(await at.see("/settings"), "/settings", act="preview", **WHOLE)
    assert shown.status == 200
    told = words_of(shown)
    assert "Nothing is saved yet" in told
    assert "Buttons get black text: its contrast is 14.7 to 1 (4.5 is needed)." in told
    assert "On a light ground it is hard to tell from the ground (1.4 to 1, 3 is needed)" in told
    assert "On a dark ground it is good for buttons and for links (12.7 to 1)." in told
    assert dict(form_of(shown, "/settings").fields)["name"] == "Harbour"
    assert "--brand" not in shown.text
    assert await kept(world) == NewBrand()


@pytest.mark.parametrize("act", ["save", "preview"])
async def test_all_that_cannot_be_is_told_at_its_fields_and_kept_in_the_form(world: World, act: str) -> None:
    at = await desk(world)
    wrong = {"name": "n" * 61, "color": "red", "logoUrl": "http://example.com/", "contact": "nobody"}
    again = await at.send(await at.see("/settings"), "/settings", act=act, **wrong)
    assert again.status == 400
    assert title_of(again).startswith("Error: ")
    for name, value in wrong.items():
        assert f'href="#{name}"' in again.text
        assert dict(form_of(again, "/settings").fields)[name] == value
    assert again.text.count('aria-invalid="true"') == 4
    assert await kept(world) == NewBrand()


async def test_s43_the_settings_are_the_owners(world: World) -> None:
    at = await member_desk(world, world.owner.profile_id)
    for path in ("/settings", "/settings/apps", "/settings/audit"):
        page = await at.ask(path)
        assert (page.status, heading_of(page)) == (403, "Not for you to see"), path
    csrf = await at.csrf()
    for path in ("/settings", "/settings/apps"):
        assert (await at.post(f"/dashboard{path}", {"csrf": csrf, **WHOLE})).status == 403, path
    assert await kept(world) == NewBrand()
    assert 'href="/dashboard/settings"' not in (await at.see()).text


@pytest.mark.parametrize(
    ("color", "told"),
    [
        ("#000000", ("Buttons get white text: its contrast is 21 to 1", "light ground it is good for buttons and")),
        ("#3b82f6", ("Buttons get black text: its contrast is 5.7 to 1", "light ground it is good for buttons (3.7")),
        ("#ffffff", ("Buttons get black text: its contrast is 21 to 1", "light ground it is hard to tell from")),
    ],
)
def test_what_is_made_of_a_colour(color: str, told: tuple[str, str]) -> None:
    text, light, _dark = preview.verdict(a_look(), color)
    assert text.startswith(told[0])
    assert told[1] in light


def test_the_preview_has_the_edges_of_the_stylesheet_and_takes_no_markup() -> None:
    sheet = (Path(moorline.pages.__file__).parent / "static" / "moorline.css").read_text("utf-8")
    light, dark = re.findall(r"--edge: (#[0-9a-f]{6});", sheet)[:2]
    assert list(preview._EDGES.values()) == [light, dark]
    drawn = preview.picture(a_look(), "#ffd400", "<b>Connect</b>")
    assert "&lt;b&gt;Connect" in drawn
    assert drawn.count(f'stroke="{light}"') == 1, "an edge on the light ground alone"
