"""`/dashboard/you`: one's own password."""

from moorline.owners import sessions
from tests.harness import World, on_both_engines
from tests.http.conftest import Lines
from tests.pages.dashboard.desk import PASSWORD, desk, heading_of, stranger, title_of, user_of, words_of

OTHER = "another one, just as long"
TYPED = {"password": OTHER, "again": OTHER}


@on_both_engines
async def test_who_came_by_a_link_sets_a_first_password_and_signs_in_with_it(world: World) -> None:
    at = await desk(world)
    page = await at.see("/you")
    assert "Set a password" in words_of(page)
    assert 'name="current"' not in page.text
    done = await at.send(page, "/you", **TYPED)
    assert "Your password is changed." in words_of(done)
    assert "Change the password" in words_of(done)
    opened = await sessions.sign_in(world.service.db, email="owner@example.com", password=OTHER)
    assert opened.member.id == world.owner.user_id


@on_both_engines
async def test_a_changed_password_signs_out_everywhere_else(world: World) -> None:
    await sessions.set_password(world.service.db, await user_of(world), PASSWORD)
    here, elsewhere = await desk(world), await desk(world)
    done = await here.send(await here.see("/you"), "/you", current=PASSWORD, **TYPED)
    assert "Everywhere else you are signed out." in words_of(done)
    assert heading_of(await here.see()) == "Overview"
    assert heading_of(await elsewhere.see()) == "Sign in to the dashboard"


async def test_what_cannot_be_is_told_at_its_field_and_changes_nothing(world: World) -> None:
    await sessions.set_password(world.service.db, await user_of(world), PASSWORD)
    at = await desk(world)
    page = await at.see("/you")
    long = "x" * 500
    for typed, told, field in (
        ({"current": "wrong", **TYPED}, "This is not your current password.", "current"),
        ({"current": "", **TYPED}, "This is not your current password.", "current"),
        ({"current": PASSWORD, "password": OTHER, "again": "x"}, "The two new passwords differ.", "again"),
        ({"current": PASSWORD, "password": "short", "again": "short"}, "At least 12 characters", "password"),
        ({"current": PASSWORD, "password": "", "again": ""}, "At least 12 characters", "password"),
        ({"current": PASSWORD, "password": long, "again": long}, "At least 12 characters", "password"),
    ):
        again = await at.send(page, "/you", **typed)
        assert again.status == 400
        assert told in words_of(again)
        assert f'href="#{field}"' in again.text
        assert again.text.count('aria-invalid="true"') == 1
        assert title_of(again).startswith("Error: ")
        for secret in (PASSWORD, OTHER):
            assert secret not in again.text
    await sessions.sign_in(world.service.db, email="owner@example.com", password=PASSWORD)


async def test_s60_an_open_session_is_no_place_to_guess_the_password_from(world: World, lines: Lines) -> None:
    await sessions.set_password(world.service.db, await user_of(world), PASSWORD)
    at = await desk(world)
    page = await at.see("/you")
    for _ in range(10):
        assert (await at.send(page, "/you", current="wrong", **TYPED)).status == 400
    late = await at.send(page, "/you", current=PASSWORD, **TYPED)
    assert late.status == 429
    assert "Too many tries." in words_of(late)
    await sessions.sign_in(world.service.db, email="owner@example.com", password=PASSWORD)
    assert PASSWORD not in lines.text
    assert OTHER not in lines.text


async def test_s60_nobody_outside_uses_up_the_tries_of_who_is_signed_in(world: World) -> None:
    at, outside = await desk(world), await stranger(world)
    form = await outside.see("/sign-in")
    for number in range(30):
        email = f"session of {world.owner.user_id}" if number < 10 else f"{number}@example.com"
        assert (await outside.submit(form, "/sign-in", email=email, password="wrong")).status == 400
    assert "Your password is changed." in words_of(await at.send(await at.see("/you"), "/you", **TYPED))


@on_both_engines
async def test_other_sessions_are_ended_at_will_and_this_one_stays(world: World) -> None:
    here, elsewhere, other = await desk(world), await desk(world), await desk(world, "other@example.com")
    done = await here.send(await here.see("/you"), "/sign-out-elsewhere")
    assert "Everywhere else you are signed out." in words_of(done)
    assert heading_of(await elsewhere.see()) == "Sign in to the dashboard"
    for still in (here, other):
        assert heading_of(await still.see()) == "Overview"
