import pytest

from depthtransfer.store.records import SOLUTION, encode
from depthtransfer.store.store import Store
from depthtransfer.studies import runner
from depthtransfer.studies.plan import solutions
from depthtransfer.studies.runner import complete
from depthtransfer.studies.solution import Inputs, solution

from .tiny import scale


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "solutions", (), SOLUTION)


@pytest.fixture
def asked():
    return [each for each in solutions(scale(), "fig6") if each.specification["activation"] == "linear"][:3]


def counted(monkeypatch):
    calls = []
    solve = runner._solved

    def wrapped(specification):
        calls.append(specification["depth"])
        return solve(specification)

    monkeypatch.setattr(runner, "_solved", wrapped)
    return calls


def test_what_is_stored_is_not_solved_again(store, asked, monkeypatch, capsys):
    calls = counted(monkeypatch)
    complete("tiny", asked[:2], store)
    complete("tiny", asked, store)
    assert calls == ["inf", 2, 4]
    assert "1 of 1 solved" in capsys.readouterr().err


def test_an_interrupted_study_resumes(store, asked, monkeypatch):
    with monkeypatch.context() as interrupted:
        interrupted.setattr(runner, "_solved", interrupting(runner._solved))
        with pytest.raises(KeyboardInterrupt):
            complete("tiny", asked, store)
    calls = counted(monkeypatch)
    complete("tiny", asked, store)
    assert calls == [2, 4]


def interrupting(solve):
    first = True

    def wrapped(specification):
        nonlocal first
        if not first:
            raise KeyboardInterrupt
        first = False
        return solve(specification)

    return wrapped


def test_a_damaged_solution_is_set_aside_and_solved_again(store, asked, monkeypatch, capsys):
    whole = complete("tiny", asked, store)
    path = store.path(asked[1].key)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    calls = counted(monkeypatch)
    again = complete("tiny", asked, store)
    assert calls == [2]
    assert "set aside" in capsys.readouterr().err
    assert again[asked[1].key][0].series["value"] == whole[asked[1].key][0].series["value"]


def test_a_pack_serves_without_solving(store, asked, monkeypatch, tmp_path):
    records = complete("tiny", asked, store)
    pack = tmp_path / "pack.parquet"
    pack.write_bytes(encode((record for record, _ in records.values()), SOLUTION))
    monkeypatch.setattr(runner, "_solved", None)
    served = complete("tiny", asked, Store(tmp_path / "empty", (pack,), SOLUTION))
    assert {layer for _, layer in served.values()} == {"pack.parquet"}


def test_a_diverged_solution_is_data_with_its_step(store, capsys):
    one = Inputs.one_datum(1.0)
    given = {"depth": 4, "gamma0": 2.0, "learning_rate": 0.15, "updates": 12, "report": "training"}
    each = solution("training", "descent", one, **given)
    record, _ = complete("tiny", [each], store)[each.key]
    step = record.summary["diverged_step"]
    assert record.summary["status"] == "diverged"
    assert 0 < step < 12
    assert max(record.series["updates"]) == step
    message = capsys.readouterr().err
    assert f"diverged at update {step}" in message
    assert "exceeds 2" in message
