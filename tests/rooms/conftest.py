"""One stock server for all tests of this folder; each test has files of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from end_to_end.stock_server import StockServer
from rtcd.server.address import ServerAddress


@pytest.fixture(scope="session")
def stock_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StockServer]:
    root: Path = tmp_path_factory.mktemp("root")
    with StockServer(root) as server:
        yield server


@pytest.fixture
def address(stock_server: StockServer) -> ServerAddress:
    return ServerAddress.parse(stock_server.url, stock_server.token)
