"""Vector arithmetic: formulas written once in Python and traced into LLVM at compile time.

Numba's loops vectorise only where LLVM can prove that no two arrays overlap, and its `exp` and
`tanh` not at all without a vendor's library. A traced formula always runs in full registers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from seqlab.kernels.loops.compilation import VECTOR_BYTES, emitted

INT64 = ir.IntType(64)


def register(element: Any) -> Any:
    """The LLVM type of a register full of this LLVM type."""
    return ir.VectorType(element, VECTOR_BYTES // (8 if isinstance(element, ir.DoubleType) else 4))


def splat(builder: Any, scalar: Any) -> Any:
    """A register with the same number in each lane."""
    vector = register(scalar.type)
    empty = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(empty, scalar, ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, empty, order)


def first_lanes(builder: Any, count: Any, vector: Any) -> Any:
    """The mask of a register's first `count` lanes."""
    numbers = ir.Constant(ir.VectorType(INT64, vector.count), list(range(vector.count)))
    limit = ir.Constant(numbers.type, ir.Undefined)
    for lane in range(vector.count):
        limit = builder.insert_element(limit, count, ir.Constant(ir.IntType(32), lane))
    return builder.icmp_signed("<", numbers, limit)


def load(builder: Any, pointer: Any, vector: Any, mask: Any | None = None) -> Any:
    """Read a register from a pointer to its first number, whatever its alignment."""
    address, align = builder.bitcast(pointer, vector.as_pointer()), _align(vector)
    if mask is None:
        return builder.load(address, align=align)
    return builder.call(
        _masked(builder, "load", vector, [address.type, ir.IntType(32), mask.type, vector]),
        [
            address,
            ir.Constant(ir.IntType(32), align),
            mask,
            ir.Constant(vector, [0.0] * vector.count),
        ],
    )


def store(builder: Any, value: Any, pointer: Any, mask: Any | None = None) -> None:
    """Write a register to a pointer to its first number, whatever its alignment."""
    vector = value.type
    address, align = builder.bitcast(pointer, vector.as_pointer()), _align(vector)
    if mask is None:
        builder.store(value, address, align=align)
    else:
        builder.call(
            _masked(builder, "store", vector, [vector, address.type, ir.IntType(32), mask.type]),
            [value, address, ir.Constant(ir.IntType(32), align), mask],
        )


def _align(vector: Any) -> int:
    return 8 if isinstance(vector.element, ir.DoubleType) else 4


def _masked(builder: Any, verb: str, vector: Any, arguments: list[Any]) -> Any:
    # The older spelling of the name; LLVMs without typed pointers shorten it themselves.
    name = f"v{vector.count}{vector.element.intrinsic_name}"
    result = vector if verb == "load" else ir.VoidType()
    return cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(result, arguments), f"llvm.masked.{verb}.{name}.p0{name}"
    )


class Lanes:
    """A register's worth of numbers inside a formula."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    @property
    def double(self) -> bool:
        return isinstance(self.value.type.element, ir.DoubleType)

    def constant(self, number: float) -> Lanes:
        kind = self.value.type
        return Lanes(self.builder, ir.Constant(kind, [number] * kind.count))

    def above(self, other: Lanes | float) -> Any:
        """The condition that this is greater; it fails where either is not a number."""
        return self.builder.fcmp_ordered(">", self.value, self._value_of(other))

    def below(self, other: Lanes | float) -> Any:
        """The condition that this is smaller; it fails where either is not a number."""
        return self.builder.fcmp_ordered("<", self.value, self._value_of(other))

    def where(self, condition: Any, other: Lanes | float) -> Lanes:
        """This where the condition holds, the other elsewhere."""
        chosen = self.builder.select(condition, self.value, self._value_of(other))
        return Lanes(self.builder, chosen)

    def _value_of(self, other: Lanes | float) -> Any:
        return other.value if isinstance(other, Lanes) else self.constant(other).value

    def _compute(self, operation: str, left: Any, right: Any) -> Lanes:
        # "contract" lets a product and a sum fuse; nothing is reassociated.
        compute = getattr(self.builder, operation)
        return Lanes(self.builder, compute(left, right, flags=("contract",)))

    def __add__(self, other: Lanes | float) -> Lanes:
        return self._compute("fadd", self.value, self._value_of(other))

    def __sub__(self, other: Lanes | float) -> Lanes:
        return self._compute("fsub", self.value, self._value_of(other))

    def __mul__(self, other: Lanes | float) -> Lanes:
        return self._compute("fmul", self.value, self._value_of(other))

    def __truediv__(self, other: Lanes | float) -> Lanes:
        return self._compute("fdiv", self.value, self._value_of(other))

    def __rsub__(self, other: float) -> Lanes:
        return self._compute("fsub", self._value_of(other), self.value)

    def __rtruediv__(self, other: float) -> Lanes:
        return self._compute("fdiv", self._value_of(other), self.value)

    def __neg__(self) -> Lanes:
        return 0.0 - self

    __radd__, __rmul__ = __add__, __mul__


Formula = Callable[..., Sequence[Lanes]]


def elementwise(formula: Formula, sums: int = 0) -> Any:
    """A loop (count, inputs, outputs) that maps a formula over `count` numbers.

    Inputs is a tuple of pointers and of single numbers, outputs one of pointers, which may be
    inputs too. The last `sums` outputs receive one number each, the sum over all. The last,
    partial register is read and written under a mask.
    """

    def typing(context: Any, count: Any, inputs: Any, outputs: Any) -> Any:
        return types.void(types.int64, inputs, outputs), generate

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count = arguments[0]
        inputs, outputs = (cgutils.unpack_tuple(builder, packed) for packed in arguments[1:])
        vector = register(context.get_value_type(signature.args[2][0].dtype))
        loop = _Mapping(builder, formula, vector, inputs, outputs, sums)
        step, zero = ir.Constant(INT64, vector.count), ir.Constant(INT64, 0)
        rest = builder.srem(count, step)
        whole = builder.sub(count, rest)
        with cgutils.for_range_slice(builder, zero, whole, step, INT64) as (j, _):
            loop.apply(j, None)
        with builder.if_then(builder.icmp_signed(">", rest, zero)):
            loop.apply(whole, first_lanes(builder, rest, vector))
        loop.finish()
        return context.get_dummy_value()

    typing.__name__ = formula.__name__
    return emitted(typing)


class _Mapping:
    """The code of one formula over its operands, written for whole and for partial registers."""

    def __init__(
        self,
        builder: Any,
        formula: Formula,
        vector: Any,
        inputs: list[Any],
        outputs: list[Any],
        sums: int,
    ) -> None:
        self.builder, self.formula, self.vector = builder, formula, vector
        self.inputs = [p if p.type.is_pointer else splat(builder, p) for p in inputs]
        self.outputs, self.sums = outputs[: len(outputs) - sums], outputs[len(outputs) - sums :]
        self.zero = ir.Constant(vector, [0.0] * vector.count)
        self.totals = [cgutils.alloca_once_value(builder, self.zero) for _ in self.sums]

    def apply(self, j: Any, mask: Any | None) -> None:
        """Read, compute and write the numbers from j on."""
        builder = self.builder
        values = [
            load(builder, builder.gep(p, [j]), self.vector, mask) if p.type.is_pointer else p
            for p in self.inputs
        ]
        results = [lanes.value for lanes in self.formula(*(Lanes(builder, v) for v in values))]
        count = len(self.outputs)
        for result, pointer in zip(results[:count], self.outputs, strict=True):
            store(builder, result, builder.gep(pointer, [j]), mask)
        for result, total in zip(results[count:], self.totals, strict=True):
            part = result if mask is None else builder.select(mask, result, self.zero)
            builder.store(builder.fadd(builder.load(total), part), total)

    def finish(self) -> None:
        """Write the sums."""
        element = self.vector.element
        name = f"llvm.vector.reduce.fadd.v{self.vector.count}{element.intrinsic_name}"
        kind = ir.FunctionType(element, [element, self.vector])
        for total, pointer in zip(self.totals, self.sums, strict=True):
            add_up = cgutils.get_or_insert_function(self.builder.module, kind, name)
            operands = [ir.Constant(element, 0.0), self.builder.load(total)]
            self.builder.store(self.builder.call(add_up, operands, fastmath=("reassoc",)), pointer)


def maximum(a: Lanes, b: Lanes | float) -> Lanes:
    """The greater of the two, b where a is not a number."""
    return a.where(a.above(b), b)


def clamp(x: Lanes, low: float, high: float) -> Lanes:
    """x between the bounds; what is not a number stays so."""
    x = x.constant(high).where(x.above(high), x)
    return x.constant(low).where(x.below(low), x)


def _exponential(x: Lanes) -> tuple[Lanes, Lanes]:
    """e^x as s · (1 + p): s a power of two and p = e^r − 1 for the remainder |r| ≤ ln 2 / 2."""
    x = clamp(x, -708.0, 709.0) if x.double else clamp(x, -87.0, 88.0)  # s stays a normal number
    bits, mantissa, bias, terms = (64, 52, 1023, 13) if x.double else (32, 23, 127, 7)
    # Adding 1.5 · 2^mantissa rounds to an integer, which then stands in the lowest bits.
    magic = 1.5 * 2.0**mantissa
    rounded = x * (1 / math.log(2)) + magic
    integer = rounded - magic
    # ln 2 in two parts, the first so short that its product with the integer is exact.
    high = math.floor(math.log(2) * 2**15) / 2**15
    low = (math.log(2) - high) + 2.3190468138462996e-17  # what a double of ln 2 lacks
    r = (x - integer * high) - integer * low
    p = r.constant(1 / math.factorial(terms))  # Taylor: what follows is below half a unit
    for n in reversed(range(1, terms)):
        p = p * r + 1 / math.factorial(n)
    builder, kind = x.builder, x.value.type
    integers = ir.VectorType(ir.IntType(bits), kind.count)
    exponent = builder.add(
        builder.bitcast(rounded.value, integers), ir.Constant(integers, [bias] * kind.count)
    )
    s = builder.shl(exponent, ir.Constant(integers, [mantissa] * kind.count))
    return Lanes(builder, builder.bitcast(s, kind)), p * r


def exp(x: Lanes) -> Lanes:
    """e^x to the last bits; saturates short of 0 and infinity."""
    s, p = _exponential(x)
    return s * p + s


def expm1(x: Lanes) -> Lanes:
    """e^x − 1, accurate near 0 too."""
    s, p = _exponential(x)
    return s * p + (s - 1.0)


def log_sigmoid(x: Lanes) -> Lanes:
    """log σ(x) = min(x, 0) − log(1 + e^−|x|), the logarithm by way of 2 artanh(e / (2 + e))."""
    negative = x.where(x.below(0.0), x.constant(0.0))
    e = exp(x.where(x.below(0.0), -x))
    s = e / (e + 2.0)
    square = s * s
    terms = 17 if x.double else 8  # s ≤ 1/3
    total = s.constant(1 / (2 * terms + 1))
    for n in reversed(range(terms)):
        total = total * square + 1 / (2 * n + 1)
    return negative - s * total * 2.0


def copy(x: Lanes) -> tuple[Lanes]:
    """The formula of a plain copy."""
    return (x,)


def add(x: Lanes, y: Lanes) -> tuple[Lanes]:
    """The formula of a sum."""
    return (x + y,)


def zero(x: Lanes) -> tuple[Lanes]:
    """The formula that forgets what was there."""
    return (x.constant(0.0),)


def sigmoid(x: Lanes) -> Lanes:
    """1 / (1 + e^−x)."""
    return 1.0 / (exp(-x) + 1.0)


def tanh(x: Lanes) -> Lanes:
    """The hyperbolic tangent, from e^2x − 1 so that it is accurate near 0 too."""
    e = expm1(clamp(x, -20.0, 20.0) * 2.0)
    return e / (e + 2.0)
