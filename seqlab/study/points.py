"""Points that cover a cube: a scrambled Sobol sequence whose first point is the middle.

Any number of points covers the cube evenly, and more points do not move the first ones. The
directions are those of Joe and Kuo (2008); the scrambling is linear (Matoušek, 1998) and its
shift is a half, so that the point 0 is the middle of every dimension. The sequence is made here,
as that of a library may change with the library's version, and a study must not.
"""

from __future__ import annotations

import random
from functools import cache

BITS = 30
HIGHEST = 1 - 2**-BITS
SCRAMBLE = 2602  # the seed: rate, depth and dropout are hardly correlated from five points on

# Of each dimension after the first: the polynomial's inner coefficients, and the first directions.
DIRECTIONS = (
    (0, (1,)),
    (1, (1, 3)),
    (1, (1, 3, 1)),
    (2, (1, 1, 1)),
    (1, (1, 1, 3, 3)),
    (4, (1, 3, 5, 13)),
    (2, (1, 1, 5, 5, 17)),
    (4, (1, 1, 5, 5, 5)),
)
MOST_DIMENSIONS = len(DIRECTIONS) + 1


def point(number: int, dimensions: int) -> tuple[float, ...]:
    """The point of a number (from 0) in [0, 1) to the power of `dimensions`."""
    gray = number ^ (number >> 1)
    places = []
    for columns in _scrambled()[:dimensions]:
        value = 1 << (BITS - 1)
        for bit, column in enumerate(columns):
            if gray >> bit & 1:
                value ^= column
        places.append(value / (1 << BITS))
    # The point after the middle lies below it everywhere; turned round in every second dimension,
    # it is no corner.
    return tuple(x if i % 2 else min(1 - x, HIGHEST) for i, x in enumerate(places))


@cache
def _scrambled() -> tuple[tuple[int, ...], ...]:
    """The direction numbers of every dimension, each times a random lower triangular matrix."""
    draw = random.Random(SCRAMBLE)
    scrambled = []
    for dimension in range(MOST_DIMENSIONS):
        # Row r of the matrix: bits above the diagonal's are random, the diagonal's is one.
        rows = [(1 << r) | (draw.getrandbits(r) if r else 0) for r in range(BITS)]
        scrambled.append(tuple(_times(rows, number) for number in _directions(dimension)))
    return tuple(scrambled)


def _times(rows: list[int], number: int) -> int:
    """A matrix over bits times a number; bit 0 of a row stands for the number's highest bit."""
    turned = int(f"{number:0{BITS}b}"[::-1], 2)
    product = 0
    for place, row in enumerate(rows):
        product |= ((row & turned).bit_count() & 1) << (BITS - 1 - place)
    return product


def _directions(dimension: int) -> list[int]:
    """The direction numbers of a dimension (from 0), before scrambling."""
    if dimension == 0:
        return [1 << (BITS - 1 - i) for i in range(BITS)]
    inner, first = DIRECTIONS[dimension - 1]
    degree = len(first)
    numbers = [m << (BITS - 1 - i) for i, m in enumerate(first)]
    for i in range(degree, BITS):
        value = numbers[i - degree] ^ (numbers[i - degree] >> degree)
        for k in range(1, degree):
            if inner >> (degree - 1 - k) & 1:
                value ^= numbers[i - k]
        numbers.append(value)
    return numbers
