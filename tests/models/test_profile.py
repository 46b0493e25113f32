"""Machine profiles: complete, sound, and refused in one sentence if not."""

import os
from pathlib import Path
from typing import Any

import pytest
from model_prices import PRICES, make_costs
from ruamel.yaml import YAML

from models.costs.profile import (
    DEFAULTS,
    LARGEST_BYTES,
    UNITS,
    ProfileError,
    list_profiles,
    load_profile,
)


def constant(name: str) -> dict[str, Any]:
    return {"value": PRICES[name], "unit": UNITS[name], "kind": "assumed", "source": "a test"}


def document() -> dict[str, Any]:
    weight = {"value": 1.2, "unit": "ratio", "kind": "fitted", "source": "a test"}
    return {
        "name": "toy",
        "description": "a test machine",
        "constants": {name: constant(name) for name in PRICES},
        "contention": {"fork": {"fork": weight}},
    }


def write(folder: Path, content: object) -> Path:
    path = folder / "toy.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump(content, file)
    return path


def test_a_profile_gives_costs_and_weights(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, document()))
    assert profile.costs == make_costs()
    assert profile.contention_weights == {"fork": {"fork": 1.2}}
    assert profile.constants["entry_copy_ns"].source == "a test"


def test_the_digest_is_of_what_it_says_not_of_the_file(tmp_path: Path) -> None:
    original = document()
    digest = load_profile(write(tmp_path, original)).digest
    turned = {**original, "constants": dict(reversed(original["constants"].items()))}
    assert load_profile(write(tmp_path, turned)).digest == digest
    turned["constants"]["entry_copy_ns"]["value"] += 1
    assert load_profile(write(tmp_path, turned)).digest != digest


def damaged(**changes: object) -> dict[str, Any]:
    content = document()
    content["constants"]["entry_copy_ns"].update(changes)
    return content


def without_entry_copy() -> dict[str, Any]:
    content = document()
    del content["constants"]["entry_copy_ns"]
    return content


def with_unknown() -> dict[str, Any]:
    content = document()
    content["constants"]["entry_kopy_ns"] = constant("entry_copy_ns")
    return content


def without_source() -> dict[str, Any]:
    content = document()
    del content["constants"]["entry_copy_ns"]["source"]
    return content


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (without_entry_copy(), "entry_copy_ns is missing"),
        (with_unknown(), "entry_kopy_ns"),
        (without_source(), "entry_copy_ns.source"),
        (damaged(value=-1.0), "entry_copy_ns.value"),
        (damaged(value=float("nan")), "entry_copy_ns.value"),
        (damaged(value=float("inf")), "entry_copy_ns.value"),
        (damaged(value=True), "entry_copy_ns.value"),
        (damaged(value="20"), "entry_copy_ns.value"),
        (damaged(kind="guessed"), "entry_copy_ns.kind"),
        (damaged(unit="us"), "entry_copy_ns is in ns, not in us"),
        (damaged(source=""), "entry_copy_ns.source"),
        (damaged(extra=1), "entry_copy_ns.extra"),
        ({}, "name"),
        (None, "toy.yaml"),
        ([1], "toy.yaml"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: object, named: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, content))
    assert named in str(caught.value)
    assert "toy.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"[" * 100_000, b"a: 1\na: 2\n", b"{", b"\x00", b""]
)
def test_files_that_are_no_yaml(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "toy.yaml"
    path.write_bytes(data)
    with pytest.raises(ProfileError, match=r"toy\.yaml") as caught:
        load_profile(path)
    assert "\n" not in str(caught.value)


def test_profiles_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(tmp_path / "none.yaml")
    with pytest.raises(ProfileError, match="no profile 'epyc'"):
        load_profile("epyc")


def test_a_device_or_a_pipe_is_no_profile(tmp_path: Path) -> None:
    for number, device in enumerate(("/dev/zero", "/dev/null")):
        link = tmp_path / f"{number}.yaml"
        link.symlink_to(device)
        with pytest.raises(ProfileError, match="not a file"):
            load_profile(link)
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ProfileError, match="not a file"):
        load_profile(tmp_path / "pipe.yaml")
    (tmp_path / "large.yaml").write_bytes(b"#" * (LARGEST_BYTES + 1))
    with pytest.raises(ProfileError, match="too large: expected at most 256 KiB"):
        load_profile(tmp_path / "large.yaml")


@pytest.mark.parametrize("name", list_profiles())
def test_bundled_profiles(name: str) -> None:
    assert load_profile(name).name == name


def test_a_constant_with_a_stated_default_may_be_left_out(tmp_path: Path) -> None:
    """So a constant that is new breaks nobody's profile; the loader says which it took."""
    content = document()
    del content["constants"]["tlb_flush_ns"]
    profile = load_profile(write(tmp_path, content))
    assert profile.left_out == ("tlb_flush_ns",)
    taken, default = profile.constants["tlb_flush_ns"], DEFAULTS["tlb_flush_ns"]
    assert (taken.value, taken.kind, taken.source) == (default.value, "assumed", default.source)
    assert profile.costs.tlb_flush_ns == default.value
    assert profile.varied({"fork_base_ns": 1.0}, {}).left_out == ("tlb_flush_ns",)
    assert profile.varied({"tlb_flush_ns": 1.0}, {}).left_out == ()
    assert load_profile("epyc-7302p-linux-5.6").left_out == ()


def test_every_stated_default_has_a_source() -> None:
    assert DEFAULTS
    assert all(default.source and default.value >= 0 for default in DEFAULTS.values())
