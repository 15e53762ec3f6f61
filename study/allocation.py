"""Which condition stands on the left: permuted blocks from a seed, by arithmetic anybody can repeat.

Only SHA-256 is used, so that the order can be recomputed from an export in any language:

* the size of block b is `sizes[int(SHA256("SEED:size:b")) mod len(sizes)]`;
* block b begins as half condition 0 and half condition 1 on the left, position i having the sort key
  `SHA256("SEED:order:b:i")` (hexadecimal); the list sorted by key is the block's order.

Permuted blocks keep the two orders balanced at every moment of the study; sizes that vary keep the last
trial of a block from being predictable (Matts and Lachin 1988).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

SIZES = (4, 6)


@dataclass(frozen=True)
class Slot:
    """The order of one trial. `first_left` is whether the first condition stands on the left."""

    index: int  # 0, 1, … over the whole study
    block: int
    position: int  # in the block
    first_left: bool


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def block_size(seed: int, block: int, sizes: Sequence[int] = SIZES) -> int:
    """How many trials a block has."""
    return sizes[_number(f"{seed}:size:{block}") % len(sizes)]


def block_order(seed: int, block: int, sizes: Sequence[int] = SIZES) -> list[bool]:
    """Whether the first condition is on the left, for each trial of a block."""
    size = block_size(seed, block, sizes)
    ranked = sorted(
        range(size), key=lambda i: hashlib.sha256(f"{seed}:order:{block}:{i}".encode()).hexdigest()
    )
    return [i < size // 2 for i in ranked]


def slot(seed: int, index: int, sizes: Sequence[int] = SIZES) -> Slot:
    """The place of the trial `index` (0, 1, …). Sizes must be even and positive."""
    if any(size <= 0 or size % 2 for size in sizes) or not sizes:
        raise ValueError(f"block sizes must be even and positive, not {list(sizes)}")
    block, start = 0, 0
    while index >= start + block_size(seed, block, sizes):
        start += block_size(seed, block, sizes)
        block += 1
    position = index - start
    return Slot(index, block, position, block_order(seed, block, sizes)[position])


def slots(seed: int, count: int, sizes: Sequence[int] = SIZES) -> list[Slot]:
    """The first `count` places."""
    found: list[Slot] = []
    block = 0
    while len(found) < count:
        for position, first_left in enumerate(block_order(seed, block, sizes)):
            if len(found) < count:
                found.append(Slot(len(found), block, position, first_left))
        block += 1
    return found


def index_of(seed: int, block: int, position: int, sizes: Sequence[int] = SIZES) -> int:
    """The trial's index from its block and its position there."""
    return sum(block_size(seed, earlier, sizes) for earlier in range(block)) + position


def comes_back(seed: int, index: int, share: float) -> bool:
    """Whether the trial `index` is shown again later with its sides swapped.

    One trial of every `round(1 / share)` in a row, which one decided by
    `int(SHA256("SEED:repeat:g")) mod length` for group g.
    """
    if share <= 0:
        return False
    length = max(1, round(1 / share))
    return index % length == _number(f"{seed}:repeat:{index // length}") % length


def derived_seed(seed: int, what: str) -> int:
    """A sampling seed for one purpose, 0 to 2^31 - 1."""
    return _number(f"{seed}:{what}") % (2**31 - 1)


def rank_key(seed: int, what: str) -> str:
    """Sort key for drawing a sample: the first n by this key are a random sample without replacement."""
    return hashlib.sha256(f"{seed}:sample:{what}".encode()).hexdigest()
