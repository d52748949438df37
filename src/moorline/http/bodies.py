"""What a JSON body must be before a route reads it: JSON by name, UTF-8, no key twice, not nested without end."""

import json
from collections import Counter
from typing import Any

from litestar import Request

from moorline.errors import BadRequest

MAX_BODY_BYTES = 1024 * 1024
_WITH_BODY = {"POST", "PUT", "PATCH"}


async def check(request: Request[Any, Any, Any]) -> None:
    """A `before_request` hook. Raises: BadRequest with what is wrong."""
    if request.method not in _WITH_BODY:
        return
    body = await request.body()
    if not body:
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise BadRequest("Content-Type must be application/json.", fields={"Content-Type": "application/json"})
    try:
        json.loads(body.decode("utf-8"), object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise BadRequest("The body is not UTF-8.") from error
    except RecursionError as error:
        raise BadRequest("The body is nested too deep.") from error
    except json.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error.msg} at character {error.pos}.") from error
    except ValueError as error:  # Python reads no number of more than 4,300 digits
        raise BadRequest("The body has a number with too many digits.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counted = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counted.items() if count > 1)
        shown = twice[:60].encode("utf-8", "replace").decode()  # a key may be half a character, which no answer can
        raise BadRequest(f'The body has the key "{shown}" twice.', fields={shown: "given twice"})
    return found
