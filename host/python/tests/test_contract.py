from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import ROOT

import finece
from finece import _builder, _contract
from finece._wire import dumps, number

GOLDEN = json.loads((ROOT / "www/test/golden/names.json").read_text())


def names_in(value: object) -> set[str]:
    if isinstance(value, dict):
        return {name for v in value.values() for name in names_in(v)}
    if isinstance(value, list | tuple):
        return {name for v in value for name in names_in(v)}
    return {value} if isinstance(value, str) else set()


def test_every_name_of_an_event_is_read() -> None:
    seen = set[str]()
    for event in GOLDEN:
        payload = memoryview(bytes.fromhex(event["record"]))
        builder = _builder.Builder()
        for kind in range(len(_contract.POSITION_KINDS)):  # the position that a confidence is of
            builder._open[0, kind] = a_position(kind), -1
        got = builder.take(payload)
        if event["names"][0] in ("usage", "ended", "said", "framed"):
            assert not got
            continue
        (made,) = got
        if isinstance(made, finece.Text | finece.Ask):
            said = {made.segment} if isinstance(made, finece.Text) else set[str](made.kinds)
        else:
            said = names_in(made.to_dict())
        wanted = {n for n in event["names"][1:] if not (made.__class__ is finece.End and n == "answer")}
        assert wanted <= said, (event["names"], said)
        seen |= wanted
    for names in (_contract.SEGMENTS, _contract.STATES, _contract.METHODS, _contract.BASES, _contract.BANDS):
        assert set(names) - {""} <= seen


def a_position(index: int) -> finece.Position:
    return finece.Position(choice=0, index=index, kinds=("paragraph",), segment="answer", byte=1, utf16=1, token=1)


def confidence(**more: Any) -> dict[str, Any]:
    place = {"choice": 0, "index": 2, "kinds": ["paragraph"], "segment": "answer", "byte": 412, "utf16": 405, "token": 88}
    return {"type": "confidence", **place, "state": "provisional", "revision": 1, "raw": 0.71, "fused": 0.68, **more}


def test_records_are_read_as_they_were_written() -> None:
    value = confidence(calibrated=True, source={"estimator": "model", "model": "finece-1.9m", "map": "platt", "band": "early"})
    read = finece.Confidence.from_dict(value)
    assert read.to_dict() == value
    assert finece.Confidence.from_dict(json.loads(read.to_json())) == read
    assert read.source == finece.Source(estimator="model", model="finece-1.9m", map="platt", band="early")
    assert (read.ratio, read.reason, read.approximate) == (None, None, False)


def test_what_is_not_known_is_ignored() -> None:
    read = finece.Confidence.from_dict(confidence(new=1, kinds=["paragraph", "future"], raw=7, source={"method": "future"}))
    assert (read.kinds, read.raw, read.source and read.source.method) == (("paragraph",), None, "unknown")


@pytest.mark.parametrize(
    ("key", "value"), [("choice", -1), ("state", "future"), ("segment", None), ("byte", True), ("kinds", "a")]
)
def test_a_record_without_a_key_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        finece.Confidence.from_dict(confidence(**{key: value}))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.0, "0"), (0.1, "0.1"), (1e-5, "0.00001"), (1.5e-6, "0.0000015"), (1e-7, "1e-07"), (1e22, "1e+22")],
)
def test_numbers_are_spelled_as_go_spells_them(value: float, text: str) -> None:
    assert number(value) == text
    assert dumps({"a": [value, True, None, "é\n"]}) == f'{{"a":[{text},true,null,"é\\n"]}}'


@pytest.mark.parametrize("cut", range(1, 48, 5))
def test_bytes_that_are_no_events_are_refused(cut: int) -> None:
    record = next(bytes.fromhex(e["record"]) for e in GOLDEN if e["names"][0] == "confidence")
    with pytest.raises(_builder.MalformedError):
        _builder.Builder().take(memoryview(record[:cut]))


def test_a_kind_of_the_future_is_skipped() -> None:
    future = bytes.fromhex("18000000" + "63000000" + "00" * 16)
    assert _builder.Builder().take(memoryview(future)) == []
