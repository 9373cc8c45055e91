"""pip's settings reach uv."""

from infra.packaging.uv import carry_pip_settings


def test_nothing_is_set_where_pip_has_no_settings() -> None:
    assert carry_pip_settings({}) == {}


def test_index_and_certificate_are_carried_over() -> None:
    carried = carry_pip_settings({"index-url": "https://example.test/simple", "cert": "/ca.pem"})

    assert carried == {"UV_DEFAULT_INDEX": "https://example.test/simple", "SSL_CERT_FILE": "/ca.pem"}


def test_with_further_indexes_all_of_them_are_looked_into_as_pip_does() -> None:
    carried = carry_pip_settings({"extra-index-url": "https://a.test https://b.test", "find-links": "/a /b"})

    assert carried["UV_INDEX"] == "https://a.test https://b.test"
    assert carried["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert carried["UV_FIND_LINKS"] == "/a,/b"
