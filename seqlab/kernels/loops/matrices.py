"""Small matrix products in registers, for loops that cannot wait for a library's call.

One micro-kernel keeps a tile of the result in registers over the whole inner dimension. It serves
all products of a recurrent layer: inputs, states, their gradients (the weights stay in the second
cache level over the steps) and the weights' gradients (its left factor may be transposed).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import types
from numba.core import cgutils
from numba.np import arrayobj

from seqlab.kernels.loops.compilation import REGISTERS, emitted, inlined
from seqlab.kernels.loops.vector import INT64, first_lanes, load, register, splat, store

# Rows times three registers of sums, three of the right factor and one of the left must fit.
TILE_ROWS = 8 if REGISTERS == 32 else 4


class Matrix(NamedTuple):
    """A pointer to the first number, and the distances to the next row and the next column."""

    first: Any
    row_step: int
    column_step: int


@emitted
def start(context: Any, array: Any) -> Any:
    """The pointer to an array's first number. It does not keep the array: the caller must."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return arrayobj.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generate


@emitted
def number_at(context: Any, pointer: Any, count: Any) -> Any:
    """The number `count` places after a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = builder.gep(arguments[0], [arguments[1]])
        return context.unpack_value(builder, signature.return_type, place)

    return pointer.dtype(pointer, types.int64), generate


@emitted
def shifted(context: Any, pointer: Any, count: Any) -> Any:
    """The pointer `count` numbers further on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return pointer(pointer, types.int64), generate


@emitted
def spread(context: Any, pointer: Any, distance: Any, count: Any) -> Any:
    """A tuple of `count` (a literal) pointers, each a distance after the one before."""
    if not isinstance(count, types.Literal):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, distance, _ = arguments
        places = [
            builder.gep(pointer, [builder.mul(distance, INT64(n))])
            for n in range(count.literal_value)
        ]
        return context.make_tuple(builder, signature.return_type, places)

    return types.UniTuple(pointer, count.literal_value)(pointer, types.int64, count), generate


@emitted
def _lanes(context: Any, pointer: Any) -> Any:
    """How many of a pointer's numbers fill a register."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return INT64(register(context.get_value_type(signature.args[0].dtype)).count)

    return types.int64(pointer), generate


def _tile(rows: int) -> Any:
    """The micro-kernel (a, b, c, (inner, columns, width), accumulate): c = a b, or c += a b.

    A tile is `rows` high and `width` registers wide: 3, 2, 1, or 0 for one of which only the
    first `columns` numbers exist.
    """

    def tile(context: Any, a: Any, b: Any, c: Any, extent: Any, accumulate: Any) -> Any:
        return types.void(a, b, c, types.UniTuple(types.int64, 3), types.boolean), generate

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, b, c, (inner, columns, width) = (
            cgutils.unpack_tuple(builder, packed) for packed in arguments[:4]
        )
        vector = register(context.get_value_type(signature.args[0][0].dtype))
        for case in range(4):
            with builder.if_then(builder.icmp_signed("==", width, INT64(case))):
                mask = None if case else first_lanes(builder, columns, vector)
                sums = _Sums(builder, c, vector, (rows, case or 1), mask)
                with builder.if_then(arguments[4]):
                    sums.read()
                sums.add_products(a, b, inner)
                sums.write()
        return context.get_dummy_value()

    tile.__name__ = f"tile_of_{rows}"
    return emitted(tile)


class _Sums:
    """A tile of the result on the stack, which LLVM moves to registers."""

    def __init__(
        self, builder: Any, c: Any, vector: Any, shape: tuple[int, int], mask: Any | None
    ) -> None:
        first, row_step, _ = c
        self.builder, self.vector, self.mask, (self.rows, self.width) = builder, vector, mask, shape
        self.places = [
            self._right(builder.gep(first, [builder.mul(row_step, INT64(i))]), v)
            for i in range(self.rows)
            for v in range(self.width)
        ]
        self.totals = [cgutils.alloca_once_value(builder, vector(None)) for _ in self.places]

    def _right(self, row: Any, registers: int) -> Any:
        return self.builder.gep(row, [INT64(registers * self.vector.count)])

    def read(self) -> None:
        for total, place in zip(self.totals, self.places, strict=True):
            self.builder.store(load(self.builder, place, self.vector, self.mask), total)

    def write(self) -> None:
        for total, place in zip(self.totals, self.places, strict=True):
            store(self.builder, self.builder.load(total), place, self.mask)

    def add_products(self, a: Any, b: Any, inner: Any) -> None:
        """Add a[i, k] · b[k, v] over k < inner."""
        builder = self.builder
        lefts = [builder.gep(a[0], [builder.mul(a[1], INT64(i))]) for i in range(self.rows)]
        with cgutils.for_range(builder, inner, intp=INT64) as loop:
            row = builder.gep(b[0], [builder.mul(loop.index, b[1])])
            rights = [
                load(builder, self._right(row, v), self.vector, self.mask)
                for v in range(self.width)
            ]
            column = builder.mul(loop.index, a[2])
            for i, left in enumerate(lefts):
                scalar = splat(builder, builder.load(builder.gep(left, [column])))
                for v, right in enumerate(rights):
                    self._add(self.totals[i * self.width + v], scalar, right)

    def _add(self, total: Any, left: Any, right: Any) -> None:
        product = self.builder.fmul(left, right, flags=("contract",))
        new = self.builder.fadd(self.builder.load(total), product, flags=("contract",))
        self.builder.store(new, total)


_HALF = TILE_ROWS // 2
_tall, _half, _single = _tile(TILE_ROWS), _tile(_HALF), _tile(1)


@inlined
def multiply(
    a: Matrix, b: Matrix, c: Matrix, shape: tuple[int, int, int], accumulate: bool
) -> None:
    """c = a b, or c += a b; shape is (rows, inner, columns). Rows of b and c are contiguous."""
    rows, inner, columns = shape
    lanes = _lanes(c.first)
    i = 0
    while i < rows:
        height = TILE_ROWS if rows - i >= TILE_ROWS else (_HALF if rows - i >= _HALF else 1)
        left = Matrix(shifted(a.first, i * a.row_step), a.row_step, a.column_step)
        j = 0
        while j < columns:
            whole = (columns - j) // lanes
            width = 3 if whole == 3 or whole > 4 else min(whole, 2)
            right = Matrix(shifted(b.first, j), b.row_step, 1)
            place = Matrix(shifted(c.first, i * c.row_step + j), c.row_step, 1)
            extent = (inner, columns - j, width)
            if height == TILE_ROWS:
                _tall(left, right, place, extent, accumulate)
            elif height == _HALF:
                _half(left, right, place, extent, accumulate)
            else:
                _single(left, right, place, extent, accumulate)
            j += max(width, 1) * lanes
        i += height
