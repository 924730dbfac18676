from __future__ import annotations

import hashlib
import pickle
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from conftest import DEMO, ROOT, fixtures, run

import finece
from finece import _core, _instance


def score(core: finece.Core, data: bytes, cuts: random.Random | None = None, **settings: str) -> list[str]:
    """The records of a stream as JSON, given whole or cut at random places."""
    with core.open(**settings) as session:  # type: ignore[arg-type]
        events = session.opening
        at = 0
        while at < len(data):
            n = cuts.randint(1, 300) if cuts else len(data)
            events += session.write(data[at : at + n])
            at += n
        events += session.end()
    return [e.to_json() for e in events if not isinstance(e, finece.Text | finece.Ask)]


def test_the_package_has_the_same_core_as_everything_else(core: finece.Core) -> None:
    want = hashlib.sha256((ROOT / "wasm/finece.wasm").read_bytes()).hexdigest()
    assert core.sha256 == want


def test_records_are_those_of_the_command_byte_for_byte(core: finece.Core, command: Path) -> None:
    def compare(path: Path) -> None:
        said = run(command, "watch", "--json", "--engine", "native", "--rescore", path).decode().splitlines()
        want = [line for line in said if not line.startswith('{"type":"start"')]
        assert score(core, path.read_bytes()) == want, path

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(compare, [DEMO, *fixtures()[::3]]))


def test_records_are_whole_and_frozen(core: finece.Core) -> None:
    with core.open() as session:
        made = session.opening + session.write(DEMO.read_bytes()) + session.end()
    places = [record for record in made if isinstance(record, finece.Position | finece.Confidence)]
    assert {type(record) for record in places} == {finece.Position, finece.Confidence}
    for record in places:
        assert type(record)(**{field.name: getattr(record, field.name) for field in fields(record)}) == record
        with pytest.raises(FrozenInstanceError):
            record.byte = 0  # type: ignore[misc]
        with pytest.raises(FrozenInstanceError):
            del record.byte
        assert pickle.loads(pickle.dumps(record)) == record


def test_a_stream_may_be_cut_anywhere(core: finece.Core) -> None:
    cuts = random.Random(1)
    for path in [DEMO, *fixtures()[::9]]:
        data = path.read_bytes()
        assert score(core, data, cuts) == score(core, data), path


def test_reset_gives_what_a_fresh_instance_gives(core: finece.Core) -> None:
    demo = DEMO.read_bytes()
    with core.open() as session:
        first = [*session.opening, *session.write(demo), *session.end()]
        session.reset(strategy="line")
        session.write(b"data: {")
        again = [*session.reset(), *session.write(demo), *session.end()]
    assert first == again
    assert any(isinstance(e, finece.End) for e in first)


def test_instances_are_reused_and_bounded() -> None:
    core = finece.Core()
    opened = [core.open() for _ in range(_core._KEPT + 3)]
    for session in opened:
        session.close()
        session.close()  # which does nothing more
    assert len(core._free) == _core._KEPT
    before = core._free[-1]
    with core.open() as session:
        assert session._instance is before


def test_text_is_reported_if_it_is_asked_for(core: finece.Core) -> None:
    with core.open(text=True) as session:
        events = [*session.write("é日".encode()), *session.end()]
    assert "".join(e.text for e in events if isinstance(e, finece.Text)) == "é日"


def test_bytes_of_any_kind_are_taken(core: finece.Core) -> None:
    demo = DEMO.read_bytes()
    for data in (demo, bytearray(demo), memoryview(demo)):
        with core.open() as session:
            session.write(data)
            assert any(isinstance(e, finece.Confidence) and e.fused for e in session.end())


def test_a_long_write_is_cut(core: finece.Core) -> None:
    with core.open() as session:
        session.write(DEMO.read_bytes().split(b"data: [DONE]")[0] * 40)
        assert session._instance is not None
        assert session._instance.memory_size < 1 << 20


def test_wrong_settings_are_refused(core: finece.Core) -> None:
    with pytest.raises(finece.ConfigError, match=r"every is 0: want 1 to"):
        core.open(every=0)
    with pytest.raises(finece.ConfigError, match="nonsense"):
        core.open(nonsense=1)  # type: ignore[call-arg]
    with pytest.raises(finece.ConfigError, match="a setting is a set"):
        core.open(calibration={"maps": {1}})
    with core.open() as session:  # and the instance still serves
        assert session.opening


def test_calls_out_of_order_are_refused(core: finece.Core) -> None:
    session = core.open()
    session.end()
    with pytest.raises(finece.OrderError):
        session.write(b"more")
    session.close()
    with pytest.raises(finece.OrderError, match="closed"):
        session.write(b"more")


def test_a_confidence_model_is_asked_by_the_caller(core: finece.Core) -> None:
    with core.open(estimator="model", question="6 times 7?", model={"name": "judge"}) as session:
        (ask,) = [e for e in session.opening if isinstance(e, finece.Ask)]
        assert b"6 times 7?" in session.request(ask.id)
        reply = b'{"choices":[{"message":{"content":"0.75"}}]}'
        (confidence,) = session.resolve(ask.id, reply)
        assert isinstance(confidence, finece.Confidence)
        assert (confidence.raw, confidence.source and confidence.source.model) == (0.75, "judge")
        with pytest.raises(finece.UnknownAskError):
            session.request(ask.id)
        (ask,) = [e for e in session.reset(estimator="model", question="q") if isinstance(e, finece.Ask)]
        (gone,) = session.fail(ask.id, "timeout")
        assert isinstance(gone, finece.Confidence)
        assert gone.reason == "timeout"


def test_a_core_that_is_lost_says_what_to_do() -> None:
    core = finece.Core(memory_limit=256 << 10)
    session = core.open(max_event=16 << 20)
    filling = b'data: {"choices":[{"delta":{"content":"' + b"a" * (1 << 20)
    with pytest.raises(finece.CoreLostError, match="memory_limit of more than 262144 bytes"):
        session.write(filling)
    with pytest.raises(finece.CoreLostError):
        session.reset()
    assert [(r.index, r.reason) for r in session.unavailable("core-lost") if isinstance(r, finece.Confidence)] == []
    session.close()
    with core.open() as other:  # in another instance
        assert other.opening


def test_open_positions_become_unavailable_when_the_core_is_lost() -> None:
    core = finece.Core(memory_limit=1 << 20)
    with core.open(max_event=16 << 20, depth=4) as session:
        demo = DEMO.read_bytes()
        session.write(demo[: len(demo) // 2])
        with pytest.raises(finece.CoreLostError):
            session.write(b'data: {"choices":[{"delta":{"content":"' + b"a" * (4 << 20))
        lost = session.unavailable("core-lost")
    assert lost
    assert all(isinstance(r, finece.Confidence) and r.state == "unavailable" for r in lost)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(finece.CoreLoadError, match="cannot read"):
        finece.Core(tmp_path / "absent.wasm")
    with pytest.raises(finece.CoreLoadError, match="does not compile"):
        finece.Core(b"\0asm nonsense")
    empty = b"\0asm\1\0\0\0"
    with pytest.raises(finece.CoreLoadError, match="exports no memory"):
        finece.Core(empty)
    importing = empty + b"\x01\x04\x01\x60\0\0" + b"\x02\x07\x01\x01a\x01b\0\0"
    with pytest.raises(finece.CoreLoadError, match=r"imports a\.b"):
        finece.Core(importing)
    memory = empty + b"\x05\x03\x01\0\1" + b"\x07\x0a\x01\x06memory\x02\0"
    with pytest.raises(finece.CoreLoadError, match="exports no _initialize"):
        finece.Core(memory)


def test_one_core_serves_many_threads(core: finece.Core) -> None:
    demo, want = DEMO.read_bytes(), score(core, DEMO.read_bytes())
    failed: list[BaseException] = []

    def follow() -> None:
        try:
            for _ in range(5):
                assert score(core, demo) == want
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=follow) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_the_documented_call_gives_the_same(monkeypatch: pytest.MonkeyPatch, core: finece.Core) -> None:
    demo = DEMO.read_bytes()
    want = score(core, demo)
    monkeypatch.setattr(_instance, "caller", _instance.checked)
    slow = finece.Core(memory_limit=1 << 20)
    assert score(slow, demo) == want
    with pytest.raises(finece.CoreLostError), slow.open(max_event=16 << 20) as session:
        session.write(b'data: {"choices":[{"delta":{"content":"' + b"a" * (4 << 20))
