"""Small charts as SVG: panels side by side, each with curves over one pair of axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 250, 150
LEFT, RIGHT, TOP, BOTTOM, LINE = 52, 18, 34, 40, 16
COLOURS = ("#1f5fa8", "#c2571a", "#2f7d4f", "#7a4ea3", "#8a8a8a")
TICKS = 4


@dataclass(frozen=True)
class Curve:
    """Points in order, by name; dashed or solid."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    dashed: bool = False
    colour: int | None = None  # None: its number


@dataclass(frozen=True)
class Panel:
    """One pair of axes; `logarithmic` names those that are: x, y or xy."""

    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    logarithmic: str = ""
    marks: Sequence[tuple[float, str]] = field(default=())  # vertical lines


def svg(panels: Sequence[Panel], columns: int = 3) -> str:
    """All panels, from left to right; a legend stands under each that has more than one curve."""
    columns = min(columns, len(panels))
    named = max(len(p.curves) if len(p.curves) > 1 else 0 for p in panels)
    wide = LEFT + WIDTH + RIGHT
    high = TOP + HEIGHT + BOTTOM + LINE * named
    rows = -(-len(panels) // columns)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{columns * wide}" height="{rows * high}" '
        f'viewBox="0 0 {columns * wide} {rows * high}" font-family="sans-serif" font-size="11">',
        f'<rect width="{columns * wide}" height="{rows * high}" fill="white"/>',
    ]
    for number, panel in enumerate(panels):
        left = number % columns * wide + LEFT
        top = number // columns * high + TOP
        parts += [f'<g transform="translate({left} {top})">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel) -> list[str]:
    curves = [_drawable(curve, panel.logarithmic) for curve in panel.curves]
    places = [value for curve in curves for value in curve.x]
    across = _Axis(places, WIDTH, "x" in panel.logarithmic)
    values = [value for curve in curves for value in curve.y]
    up = _Axis(values, HEIGHT, "y" in panel.logarithmic)
    parts = [
        f'<text x="0" y="-14" fill="#222" font-weight="bold">{escape(panel.title)}</text>',
        f'<path d="M0 0v{HEIGHT}h{WIDTH}" fill="none" stroke="#bbb"/>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT + 31}" text-anchor="middle" fill="#555">'
        f"{escape(panel.x_label)}</text>",
        f'<text transform="translate(-40 {HEIGHT / 2}) rotate(-90)" text-anchor="middle" '
        f'fill="#555">{escape(panel.y_label)}</text>',
    ]
    for value in across.ticks():
        x = across.place(value)
        parts.append(_label(x, HEIGHT + 14, "middle", value))
    for value in up.ticks():
        y = HEIGHT - up.place(value)
        parts.append(f'<path d="M0 {y:.1f}h{WIDTH}" stroke="#eee"/>')
        parts.append(_label(-6, y + 4, "end", value))
    for number, (value, name) in enumerate(panel.marks):
        x = across.place(value)
        parts.append(f'<path d="M{x:.1f} 0v{HEIGHT}" stroke="#888" stroke-dasharray="2 3"/>')
        parts.append(
            f'<text x="{x + 4:.1f}" y="{11 + 14 * number}" fill="#555">{escape(name)}</text>'
        )
    for number, curve in enumerate(curves):
        colour = COLOURS[number if curve.colour is None else curve.colour]
        dash = ' stroke-dasharray="5 3"' if curve.dashed else ""
        style = f'fill="none" stroke="{colour}" stroke-width="1.6"{dash}'
        points = " ".join(
            f"{across.place(x):.1f},{HEIGHT - up.place(y):.1f}"
            for x, y in zip(curve.x, curve.y, strict=True)
        )
        parts.append(f'<polyline points="{points}" {style}/>')
        if len(curves) > 1:
            y = HEIGHT + BOTTOM + 4 + LINE * number
            parts.append(f'<path d="M0 {y}h22" {style}/>')
            parts.append(f'<text x="28" y="{y + 4}" fill="#333">{escape(curve.name)}</text>')
    return parts


def _label(x: float, y: float, anchor: str, value: float) -> str:
    power = abs(value) >= 1e4 or 0 < abs(value) < 1e-2
    text = f"{value:.0e}".replace("e-0", "e−").replace("e+0", "e") if power else f"{value:.3g}"
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#777" font-size="10">'
        f"{text}</text>"
    )


def _drawable(curve: Curve, logarithmic: str) -> Curve:
    """Without what a logarithm has no place for, and what is no number."""
    points = [
        (x, y)
        for x, y in zip(curve.x, curve.y, strict=True)
        if math.isfinite(x)
        and math.isfinite(y)
        and (x > 0 or "x" not in logarithmic)
        and (y > 0 or "y" not in logarithmic)
    ]
    return Curve(curve.name, [x for x, _ in points], [y for _, y in points], *_style(curve))


def _style(curve: Curve) -> tuple[bool, int | None]:
    return curve.dashed, curve.colour


class _Axis:
    """From values to places along an axis."""

    def __init__(self, values: Sequence[float], length: float, logarithmic: bool) -> None:
        self.logarithmic, self.length = logarithmic, length
        self.low, self.high = min(values), max(values)
        if logarithmic:
            self.low, self.high = math.log10(self.low), math.log10(self.high)
        elif 0 < self.low < 0.4 * self.high:
            self.low = 0.0
        if self.high == self.low:
            self.high += 1

    def place(self, value: float) -> float:
        found = math.log10(value) if self.logarithmic else value
        return (found - self.low) / (self.high - self.low) * self.length

    def ticks(self) -> list[float]:
        if self.logarithmic:
            exponents = range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1)
            step = max(1, math.ceil(len(exponents) / (TICKS + 1)))
            return [10.0**exponent for exponent in exponents if exponent % step == 0]
        raw = (self.high - self.low) / TICKS
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= raw)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]
