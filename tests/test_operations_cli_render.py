"""`plat render`: deterministic files, one per object, in a folder where nothing of anybody else's is ever touched."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from blueprint.reading.source import read_source
from blueprint.reading.values import LOADER
from manifests import everything
from operations import rendering
from operations.deciding import decide
from operations.exits import Exit, RefusedError
from operations.project import Project
from operations.wire_yaml import by_pyyaml, text
from tests.support.stacks import STACKS, blueprint_of
from tests.test_operations_cli_commands import plat

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}}


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("stack", STACKS)
def test_every_object_is_one_file_and_two_renders_are_the_same_bytes(stack: str, tmp_path: Path) -> None:
    blueprint = decide(Project.here(), stack)
    objects = list(everything(blueprint))
    for name in ("one", "two"):
        done = plat("render", "-s", stack, "-o", name, cwd=tmp_path)
        assert done.returncode == 0, f"not rendered: {done.stderr}"
    first = snapshot(tmp_path / "one")
    assert first == snapshot(tmp_path / "two"), "two renders differ"
    assert len(first) == len(objects) + 1, "objects share a file, or are missing"
    written = [content for path, content in first.items() if path != rendering.LIST]
    read = [yaml.load(content, LOADER) for content in written]  # noqa: S506  (a safe one, written in C)
    key = lambda manifest: json.dumps(manifest, sort_keys=True)  # noqa: E731
    assert sorted(map(key, read)) == sorted(map(key, objects)), "a file is not what the engine receives"


def test_what_is_rendered_is_nothing_but_objects_to_whoever_reads_the_folder(tmp_path: Path) -> None:
    plat("render", "-s", "dev", "-o", "out", "--service", "order-service", cwd=tmp_path)
    said = plat("judge", "--objects", "out", "--environment", "dev", cwd=tmp_path)
    assert "is not a Kubernetes object" not in said.stdout + said.stderr
    assert said.returncode in (0, 5), said.stderr


def test_one_service_is_rendered_alone_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    done = plat("render", "-s", "dev", "-o", "out", "--service", "order-service", cwd=tmp_path)
    assert done.returncode == 0, f"not rendered: {done.stderr}"
    folders = {path.split("/")[0] for path in snapshot(tmp_path / "out") if "/" in path}
    assert "order-service" in folders, "the service's own objects are missing"
    assert not folders & {"cart-service", "user-service"}, "another service's objects are there"
    wrong = plat("render", "-s", "dev", "-o", "out2", "--service", "ordre-service", cwd=tmp_path)
    assert wrong.returncode == 2, "an unknown service is not a usage error"
    assert "Did you mean 'order-service'?\n" in wrong.stderr, "the nearest service is not named"
    assert not (tmp_path / "out2").exists(), "something was written all the same"


def test_a_second_render_replaces_the_first_and_removes_what_is_no_longer_made(tmp_path: Path) -> None:
    assert rendering.write(tmp_path, {"n/ConfigMap-a.yaml": "1\n", "m/ConfigMap-b.yaml": "2\n"}) == 0
    assert rendering.write(tmp_path, {"n/ConfigMap-a.yaml": "3\n"}) == 1, "a stale file was kept"
    assert snapshot(tmp_path).keys() == {"n/ConfigMap-a.yaml", rendering.LIST}, "the folder is not as rendered"
    assert (tmp_path / "n/ConfigMap-a.yaml").read_text() == "3\n", "the old content was kept"
    assert not (tmp_path / "m").exists(), "an empty folder was left"


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    rendering.write(tmp_path, {"n/ConfigMap-a.yaml": "1\n"})
    (tmp_path / "n" / "notes.txt").write_text("mine")
    before = snapshot(tmp_path)
    with pytest.raises(RefusedError, match=r"n/notes\.txt") as refused:
        rendering.write(tmp_path, {})
    assert refused.value.exit_code == Exit.USAGE, "not a usage error"
    assert snapshot(tmp_path) == before, "something was changed all the same"


def test_a_list_that_was_tampered_with_deletes_nothing_outside(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    (outside / "precious.yaml").write_text("mine")
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    listed = ["../outside/precious.yaml", str(outside / "precious.yaml"), "link/precious.yaml"]
    (folder / rendering.LIST).write_text(json.dumps({"files": listed}))
    with pytest.raises(RefusedError, match="link"):
        rendering.write(folder, {})
    (folder / "link").unlink()
    rendering.write(folder, {})
    assert (outside / "precious.yaml").read_text() == "mine", "a file outside the folder was removed"


def test_an_interrupted_render_is_taken_up_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {f"n/ConfigMap-{name}.yaml": name for name in "abc"}
    write_text, written = Path.write_text, []

    def dying(self: Path, *arguments: str, **options: str) -> int:
        written.append(self)
        if self.name == "ConfigMap-b.yaml":
            raise KeyboardInterrupt
        return write_text(self, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", dying)
    with pytest.raises(KeyboardInterrupt):
        rendering.write(tmp_path, wanted)
    monkeypatch.undo()
    assert tmp_path / "n/ConfigMap-a.yaml" in written, "it was not interrupted in the middle"
    rendering.write(tmp_path, {"n/ConfigMap-z.yaml": "z"})
    assert snapshot(tmp_path).keys() == {"n/ConfigMap-z.yaml", rendering.LIST}, "remains of the interrupted render"


def test_a_folder_that_is_a_file_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    done = plat("render", "-s", "dev", "-o", "out", cwd=tmp_path)
    assert done.returncode in (1, 2), "it was not refused"
    assert "Traceback" not in done.stderr, "a user was shown a traceback"
    assert "-o" in done.stderr, "there is no cure"


def test_objects_of_two_groups_with_one_kind_and_name_keep_apart() -> None:
    other = {**CONFIG, "apiVersion": "example.com/v1"}
    cluster = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
    assert list(rendering.files([CONFIG, other, cluster])) == [
        "_cluster/Namespace-n.yaml",
        "n/ConfigMap.core-a.yaml",
        "n/ConfigMap.example.com-a.yaml",
    ], "one file was written over another"


@settings(max_examples=300, deadline=None)
@given(value=st.one_of(st.text(max_size=30), st.from_regex(r"[-+]?[0-9._]{1,6}([eE][-+]?[0-9]{1,3})?", fullmatch=True)))
def test_text_stays_text_for_readers_of_yaml_1_1_and_1_2(value: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    written = text({"value": value})
    assert yaml.safe_load(written) == {"value": value}, "a reader of YAML 1.1 sees something else"
    if value.isprintable():  # the catalogue's own reader is strict about control characters
        file = tmp_path_factory.getbasetemp() / "value.yaml"
        file.write_text(written, encoding="utf-8")
        assert read_source(file, "value.yaml").data == {"value": value}, "a reader of YAML 1.2 sees otherwise"


@pytest.mark.parametrize("stack", STACKS)
def test_every_object_of_a_stack_is_written_as_pyyaml_writes_it(stack: str) -> None:
    objects = list(everything(blueprint_of(stack)))
    differing = [manifest["metadata"]["name"] for manifest in objects if text(manifest) != by_pyyaml(manifest)]
    assert objects, "there is nothing to write"
    assert not differing, f"the two writers differ in {differing[:5]}"


STRANGE_TEXTS = (
    *(
        "",
        " ",
        "\n",
        "a\nb",
        "a\n\n  b\n",
        " a\nb ",
        "a: b",
        "a #b",
        "#",
        "- a",
        "a:",
        "---",
        "...",
        "? a",
        "'",
        '"',
        "%",
    ),
    *("\t", "a\u2028b", "a\x85b", "\ufeff", "\x00", "\U0001f600", "yes", "null", "1e3", "0o17", "1_0", "=", "<<", "~"),
    *("2026-01-01", "x" * 129, "a b " * 60, "${a}", "{a}", "[a]", "!a", "&a", "*a", "@a", "`a", "letters", "a.b/c:80"),
)
STRANGE_VALUES = st.recursive(
    st.one_of(
        *(st.sampled_from(STRANGE_TEXTS), st.text(max_size=12), st.text("ab\n: #-'\"", max_size=12)),
        *(st.integers(), st.floats(), st.booleans(), st.none()),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(STRANGE_TEXTS), st.text(max_size=6)), inner, max_size=3),
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(value=st.dictionaries(st.one_of(st.sampled_from(STRANGE_TEXTS), st.integers(0, 3)), STRANGE_VALUES, max_size=4))
def test_any_value_is_written_as_pyyaml_writes_it(value: dict[str, object]) -> None:
    assert text(value) == by_pyyaml(value), "the two writers differ"


SIGNS = (*map(chr, range(32, 127)), ": ", " #", " -", "  ", " : ", "\xa0", "")


@pytest.mark.parametrize("sign", SIGNS, ids=repr)
def test_words_around_a_sign_are_written_as_pyyaml_writes_them(sign: str) -> None:
    words = [f"{one}{sign}{other}" for one in ("letters", "/v1", "1e3", "yes", "") for other in ("letters", "0", "")]
    differing = [word for word in words if text({word: [word]}) != by_pyyaml({word: [word]})]
    assert not differing, f"the two writers differ in {differing}"


@pytest.mark.parametrize("long", [*range(118, 132)])
def test_a_long_key_is_written_as_pyyaml_writes_it(long: int) -> None:
    value = {"k" * long: 1, "a/b" * (long // 3): {"k k" * (long // 3): []}}
    assert text(value) == by_pyyaml(value), "the two writers differ"


def test_a_value_that_is_no_plain_data_is_refused_as_pyyaml_refuses_it() -> None:
    with pytest.raises(yaml.YAMLError, match="cannot represent"):
        text({"value": object()})


@pytest.mark.parametrize("value", ["1e3", "0o17", "12e4567", "1_0", "yes", "no", "null", "~", "0x1f", "1:3", ".5", "="])
def test_what_some_reader_takes_for_a_number_or_a_truth_is_quoted(value: str) -> None:
    assert text({"value": value}) == f"value: '{value}'\n", "a value would change its meaning on the way"
