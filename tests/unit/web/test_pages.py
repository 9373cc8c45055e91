"""Page tokens: only ours, only for their query."""

import pytest

from sluice.web.pages import seal, unseal
from sluice.web.problems import BadPageToken

KEY, QUERY, POSITION = b"k" * 32, "default\nprojects", {"pk": "default#projects", "sk": "a"}


def test_a_token_gives_its_position_back() -> None:
    token = seal(KEY, QUERY, POSITION)

    assert token is not None
    assert unseal(KEY, QUERY, token) == POSITION


def test_the_end_has_no_token_and_no_token_is_the_start() -> None:
    assert seal(KEY, QUERY, None) is None
    assert unseal(KEY, QUERY, None) is None
    assert unseal(KEY, QUERY, "") is None


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_a_token_changed_anywhere_is_refused(place: int) -> None:
    token = seal(KEY, QUERY, POSITION) or ""
    changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]

    with pytest.raises(BadPageToken):
        unseal(KEY, QUERY, changed)


@pytest.mark.parametrize("token", ["x", "äöü", "=" * 9, "A" * 10_000, "{}", "a b"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(BadPageToken):
        unseal(KEY, QUERY, token)


def test_a_token_of_another_query_or_key_is_refused() -> None:
    token = seal(KEY, QUERY, POSITION)

    with pytest.raises(BadPageToken):
        unseal(KEY, "other\nprojects", token)
    with pytest.raises(BadPageToken):
        unseal(b"l" * 32, QUERY, token)
