"""The figures of a scene: people, palms, firs, parasols, boats and birds."""

from __future__ import annotations

import math

import numpy as np

from tagfit.data.scenes.canvas import Canvas, Colour, lit, mix

SKINS: tuple[Colour, ...] = ((240, 200, 165), (215, 165, 120), (150, 100, 65), (95, 62, 42))
HAIRS: tuple[Colour, ...] = ((40, 28, 20), (90, 60, 30), (190, 150, 80), (120, 115, 110))
CLOTHES: tuple[Colour, ...] = (
    (205, 50, 50),
    (40, 90, 180),
    (240, 200, 60),
    (50, 140, 90),
    (235, 235, 235),
    (150, 70, 150),
    (240, 130, 50),
    (50, 55, 70),
)
SNOW: Colour = (228, 234, 244)


def pick(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    """One of the colours."""
    return colours[int(rng.integers(len(colours)))]


def person(
    canvas: Canvas, x: float, feet: float, height: float, light: Colour, winter: bool, rng: np.random.Generator
) -> None:
    """One person, ``height`` tall, standing at (x, feet); in a coat in winter."""
    skin, hair = lit(pick(SKINS, rng), light), lit(pick(HAIRS, rng), light)
    shirt, trousers = lit(pick(CLOTHES, rng), light), lit(pick(CLOTHES, rng), light)
    head, shoulders = height * 0.085, height * rng.uniform(0.115, 0.145)
    top = feet - height
    stride, lean = height * rng.uniform(0.03, 0.09), height * rng.uniform(-0.02, 0.02)
    hips, neck = feet - height * 0.47, top + height * 0.19
    canvas.ellipse(x, feet, height * 0.17, height * 0.025, lit((90, 85, 85), light))
    bare = not winter and rng.random() < 0.6
    for side in (-1, 1):
        foot = x + side * stride
        canvas.line([(x + side * shoulders * 0.45, hips), (foot, feet)], height * 0.075, skin if bare else trousers)
        if bare:
            knee = (x + side * (shoulders * 0.45 + stride) / 2, feet - height * 0.3)
            canvas.line([(x + side * shoulders * 0.45, hips), knee], height * 0.1, trousers)
        hand = (
            x + side * (shoulders + height * rng.uniform(0.03, 0.13)),
            neck + height * (rng.uniform(-0.22, -0.1) if rng.random() < 0.2 else rng.uniform(0.2, 0.33)),
        )
        canvas.line([(x + lean + side * shoulders * 0.9, neck + height * 0.03), hand], height * 0.055, shirt)
        canvas.ellipse(*hand, height * 0.028, height * 0.028, skin)
    hem = hips + height * (0.14 if winter else 0.02)
    canvas.polygon(
        [
            (x + lean - shoulders, neck),
            (x + lean + shoulders, neck),
            (x + shoulders * 0.8, hem),
            (x - shoulders * 0.8, hem),
        ],
        shirt,
    )
    canvas.ellipse(x + lean, top + head, head * 0.95, head * 1.05, hair)
    canvas.ellipse(x + lean, top + head * 1.25, head * 0.8, head * 0.95, skin)
    if winter:
        canvas.ellipse(x + lean, top + head * 0.55, head * 0.95, head * 0.6, lit(pick(CLOTHES, rng), light))


def palm(canvas: Canvas, x: float, foot: float, height: float, light: Colour, rng: np.random.Generator) -> None:
    """A palm tree with a bent trunk."""
    bend = height * rng.uniform(-0.25, 0.25)
    trunk = [(x + bend * (step / 5) ** 2, foot - height * step / 5) for step in range(6)]
    canvas.line(trunk, height * 0.045, lit((125, 90, 55), light))
    crown_x, crown_y = trunk[-1]
    leaf = (45.0 + rng.uniform(0, 30), 120.0 + rng.uniform(0, 40), 50.0)
    turn = rng.uniform(0, 0.7)
    for frond in range(9):
        angle = turn + frond * 2 * math.pi / 9
        reach = height * rng.uniform(0.3, 0.42)
        across, up = math.cos(angle) * reach, math.sin(angle) * reach * 0.55
        middle = (crown_x + across * 0.55, crown_y + up * 0.55 - reach * 0.22)
        tip = (crown_x + across, crown_y + up + reach * 0.18)
        colour = lit(mix(leaf, (20, 70, 40), rng.uniform(0, 0.6)), light)
        canvas.polygon(
            [(crown_x, crown_y - height * 0.02), middle, tip, (middle[0], middle[1] + height * 0.085)], colour
        )


def fir(
    canvas: Canvas, x: float, foot: float, height: float, light: Colour, winter: bool, rng: np.random.Generator
) -> None:
    """A fir, with snow on its branches in winter."""
    green = lit((30 + rng.uniform(0, 25), 85 + rng.uniform(0, 35), 45 + rng.uniform(0, 20)), light)
    width = height * rng.uniform(0.24, 0.32)
    canvas.line([(x, foot), (x, foot - height * 0.2)], height * 0.06, lit((85, 60, 40), light))
    for tier in range(4):
        low = foot - height * (0.1 + 0.2 * tier)
        half = width * (1 - 0.21 * tier)
        tip = low - height * 0.34
        canvas.polygon([(x - half, low), (x, tip), (x + half, low)], green)
        if winter:
            snow = lit(SNOW, light)
            canvas.polygon(
                [(x - half * 0.72, low - height * 0.09), (x, tip), (x + half * 0.3, low - height * 0.15)], snow
            )


def parasol(canvas: Canvas, x: float, foot: float, height: float, light: Colour, rng: np.random.Generator) -> None:
    """A striped parasol."""
    first, second = lit(pick(CLOTHES, rng), light), lit((245, 240, 230), light)
    canvas.line([(x, foot), (x, foot - height)], height * 0.03, lit((230, 230, 225), light))
    top, low, half = foot - height, foot - height * 0.68, height * 0.5
    for stripe in range(4):
        left, right = x - half + stripe * half / 2, x - half + (stripe + 1) * half / 2
        canvas.polygon([(left, low), (x, top), (right, low)], second if stripe % 2 else first)


def boat(canvas: Canvas, x: float, y: float, length: float, light: Colour, rng: np.random.Generator) -> None:
    """A sailing boat on the water line ``y``."""
    hull = lit(pick(CLOTHES, rng), light)
    canvas.polygon([(x - length, y - length * 0.35), (x + length, y - length * 0.35), (x + length * 0.6, y)], hull)
    canvas.polygon(
        [(x, y - length * 2.2), (x, y - length * 0.5), (x + length * 0.9, y - length * 0.5)], lit(SNOW, light)
    )


def bird(canvas: Canvas, x: float, y: float, span: float, colour: Colour) -> None:
    """A bird far off, as two strokes."""
    canvas.line([(x - span, y - span * 0.5), (x, y), (x + span, y - span * 0.5)], 0.008, colour)
