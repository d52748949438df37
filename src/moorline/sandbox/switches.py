"""Switches of a platform: what it does otherwise where its fact sheet leaves two readings open.

`GET` and `POST /_sandbox/<platform>/settings` read and change them, all off after a reset; a platform that has some
declares them in `switches` and asks `on` where it matters.
"""

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from moorline.sandbox.kernel import Call, Reply
from moorline.sandbox.oauth_platform import OAuthPlatform


class SwitchedPlatform(OAuthPlatform):
    """Subclasses declare `switches`: the name of each, and what turning it on changes."""

    switches: ClassVar[Mapping[str, str]]

    @override
    def reset(self) -> None:
        """Forget what was issued, and turn every switch off."""
        super().reset()
        self._on: frozenset[str] = frozenset()

    def on(self, switch: str) -> bool:
        """Whether the switch is on. Raises KeyError when it is none of this platform's."""
        if switch not in self.switches:
            raise KeyError(switch)
        return switch in self._on

    def switched(self) -> None:
        """Called after every change, for platforms whose rules hang on a switch."""

    @override
    async def control(self, call: Call) -> Reply | None:
        """The settings; any other control path is none of ours."""
        if call.path.rstrip("/") != f"/_sandbox/{self.name}/settings" or call.method not in {"GET", "POST"}:
            return await super().control(call)
        if call.method == "POST":
            sent = call.json()
            if not isinstance(sent, dict) or not set(sent) <= set(self.switches):
                return _complaint(f"The body must be a JSON object of: {', '.join(self.switches)}.")
            if not all(isinstance(value, bool) for value in sent.values()):
                return _complaint("Every setting must be true or false.")
            turned_on = {name for name, value in sent.items() if value}
            self._on = frozenset((self._on - set(sent)) | turned_on)
            self.switched()
        return Reply.of_json({name: name in self._on for name in self.switches})


def _complaint(sentence: str) -> Reply:
    return Reply.of_json({"error": sentence}, status=400)
