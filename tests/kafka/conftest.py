"""The secured broker is started once for the tests of this room."""

from collections.abc import Iterator

import pytest

from tests.secured import Secured, secured


@pytest.fixture(scope="session")
def guarded(needs_apache: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A real Apache Kafka with TLS and passwords."""
    with secured(tmp_path_factory.mktemp("guarded")) as listeners:
        yield listeners
