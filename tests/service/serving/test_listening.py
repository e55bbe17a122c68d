import errno
import os
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.errors import CannotListen
from service.serving.listening import listen
from tests.processes import running

IPV6 = socket.has_ipv6 and Path("/proc/net/if_inet6").exists()


@pytest.mark.parametrize("host", ["300.1.1.1", "[::1]", "a" * 70, "two words"])
def test_what_is_no_address(host: str) -> None:
    expected = "SERVICE_HOST: Expected an address such as 0.0.0.0 or ::1, a name or nothing. Received: "
    with pytest.raises(CannotListen) as caught:
        listen(host, 0)
    assert str(caught.value) == f"{expected}{host!r}."


def test_an_address_of_another_machine() -> None:
    with pytest.raises(CannotListen) as caught:
        listen("192.0.2.1", 0)  # for documentation: nobody's
    assert str(caught.value) == "SERVICE_HOST: Expected an address of this machine. Received: '192.0.2.1'."


def test_a_port_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> socket.socket:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(CannotListen, match=r"^SERVICE_PORT: .* Received: 80 \(Permission denied\)\.$"):
        listen("127.0.0.1", 80)


@pytest.mark.skipif(not IPV6, reason="no IPv6")
def test_no_host_is_both_families(models: Path) -> None:
    with running(models, host="") as (process, _):
        process.wait_for("listening")
        ports = {record["host"]: record["port"] for record in process.records() if "host" in record}
        assert set(ports) == {"0.0.0.0", "::"}
        for address in (f"127.0.0.1:{ports['0.0.0.0']}", f"[::1]:{ports['::']}"):
            assert httpx.get(f"http://{address}/health/live").status_code == 200


def test_a_machine_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    create = socket.create_server

    def of_ipv4(address: tuple[str, int], *, family: int, backlog: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return create(address, family=family, backlog=backlog)

    monkeypatch.setattr(socket, "create_server", of_ipv4)
    (one,) = listen("", 0)
    with one:
        assert one.getsockname()[0] == "0.0.0.0"
