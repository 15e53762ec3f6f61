"""Permuted blocks: always balanced, recomputable from the seed by plain arithmetic."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study.allocation import block_size, comes_back, derived_seed, index_of, slot, slots

seeds = st.integers(0, 2**31 - 1)
all_sizes = st.lists(st.sampled_from([2, 4, 6, 8]), min_size=1, max_size=3).map(tuple)


@given(seeds, st.integers(0, 120), all_sizes)
@settings(max_examples=60)
def test_never_further_apart_than_half_a_block(seed: int, count: int, sizes: tuple[int, ...]) -> None:
    lead = 0
    for place in slots(seed, count, sizes):
        lead += 1 if place.first_left else -1
        assert abs(lead) <= max(sizes) // 2
        if place.position == block_size(seed, place.block, sizes) - 1:
            assert lead == 0, "a whole block is not balanced"


@given(seeds, st.integers(0, 200), all_sizes)
@settings(max_examples=60)
def test_one_place_and_all_places_agree(seed: int, index: int, sizes: tuple[int, ...]) -> None:
    place = slot(seed, index, sizes)
    assert place == slots(seed, index + 1, sizes)[-1]
    assert index_of(seed, place.block, place.position, sizes) == index


def outsider(seed: int, count: int, sizes: tuple[int, ...]) -> list[bool]:
    """The order as the codebook describes it, written without the program."""
    found: list[bool] = []
    block = 0
    while len(found) < count:
        draw = int(hashlib.sha256(f"{seed}:size:{block}".encode()).hexdigest(), 16)
        size = sizes[draw % len(sizes)]
        keyed = []
        for i in range(size):
            keyed.append((hashlib.sha256(f"{seed}:order:{block}:{i}".encode()).hexdigest(), i < size / 2))
        found += [first for _, first in sorted(keyed)]
        block += 1
    return found[:count]


@given(seeds, st.integers(1, 100))
@settings(max_examples=40)
def test_an_outsider_finds_the_same_order(seed: int, count: int) -> None:
    assert [place.first_left for place in slots(seed, count, (4, 6))] == outsider(seed, count, (4, 6))


def test_the_order_never_changes_between_versions() -> None:
    """Stored studies are checked against this arithmetic for ever."""
    drawn = "".join("G" if place.first_left else "P" for place in slots(20260101, 24))
    assert drawn == "".join("G" if first else "P" for first in outsider(20260101, 24, (4, 6)))
    assert drawn.count("G") in range(10, 15)


def test_block_sizes_vary_and_both_orders_start() -> None:
    sizes = {block_size(seed, 0) for seed in range(40)}
    assert sizes == {4, 6}
    assert {slot(seed, 0).first_left for seed in range(40)} == {True, False}


@given(seeds, st.sampled_from([0.05, 0.1, 0.2, 0.5]))
@settings(max_examples=40)
def test_the_share_of_repeats_is_exact(seed: int, share: float) -> None:
    length = round(1 / share)
    back = [comes_back(seed, index, share) for index in range(length * 10)]
    assert sum(back) == 10
    assert all(sum(back[start : start + length]) == 1 for start in range(0, len(back), length))


def test_no_repeats_and_bad_sizes() -> None:
    assert not any(comes_back(1, index, 0.0) for index in range(100))
    for sizes in ((), (3,), (0,), (4, -2)):
        with pytest.raises(ValueError, match="even"):
            slot(1, 0, sizes)


def test_derived_seeds_differ_and_fit() -> None:
    drawn = {derived_seed(5, f"item:{n}") for n in range(1000)}
    assert len(drawn) == 1000
    assert all(0 <= seed < 2**31 - 1 for seed in drawn)
