"""Paints a scene: sky, sun and ground, then objects, then camera effects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from tagfit.data.scenes import figures
from tagfit.data.scenes.canvas import OVERSAMPLING, Canvas, Colour, Point, lit, mix
from tagfit.data.scenes.scene import Scene


@dataclass(frozen=True)
class Camera:
    """What a camera adds that says nothing about the scene. Standard deviations; the picture's range is 0..1.

    Attributes:
        exposure: of the logarithm (base 2) of the brightness of the whole picture.
        white_balance: of the gain of each colour channel.
        grain: of the noise of each pixel and channel.
        blur: the largest radius, in 1/96 of the picture's side.
    """

    exposure: float = 0.2
    white_balance: float = 0.06
    grain: float = 0.01
    blur: float = 0.5


@dataclass(frozen=True)
class Air:
    """The light of one picture: colours of the sky and of what falls on the ground, and where the sun stands."""

    top: Colour
    low: Colour
    glow: Colour
    light: Colour
    haze: Colour
    sun: Point
    horizon: float


def paint(scene: Scene, size: int, rng: np.random.Generator, camera: Camera = Camera()) -> Image.Image:
    """One RGB picture of ``scene``, ``size`` x ``size``; what the factors leave open is drawn from ``rng``."""
    *_, (_, canvas) = stages(scene, size, rng)
    return _photograph(canvas.image.reduce(OVERSAMPLING), camera, rng)


def stages(scene: Scene, size: int, rng: np.random.Generator) -> Iterator[tuple[str, Canvas]]:
    """What is painted over what, from the back to the front: after each thing, its name and the canvas so far."""
    air = _air(scene, rng)
    canvas = Canvas(_sky(air, size * OVERSAMPLING))
    _sun_and_clouds(canvas, scene, air, rng)
    yield "sky", canvas
    (_mountains if scene.mountains else _hills)(canvas, scene, air, rng)
    yield "mountains" if scene.mountains else "hills", canvas
    (_shore if scene.shore else _land)(canvas, scene, air, rng)
    yield "shore" if scene.shore else "land", canvas
    _trees(canvas, scene, air, rng)
    yield "trees", canvas
    if scene.near:
        _people(canvas, scene, air, rng)
        yield "people", canvas
    if scene.winter:
        _snowfall(canvas, rng)
        yield "snowfall", canvas


def _air(scene: Scene, rng: np.random.Generator) -> Air:
    horizon = rng.uniform(0.46, 0.58) if scene.near else rng.uniform(0.28, 0.4)
    if scene.low_sun:
        rose = rng.uniform(0, 1)
        top: Colour = mix((52, 50, 110), (120, 70, 120), rose)
        low: Colour = mix((255, 170, 80), (250, 130, 110), rose)
        light: Colour = mix((0.72, 0.5, 0.48), (0.62, 0.45, 0.5), rose)
        sun = (rng.uniform(0.15, 0.85), horizon - rng.uniform(0.03, 0.14))
        glow: Colour = (255, 220, 130)
    else:
        top, low = mix((70, 140, 220), (110, 170, 235), rng.random()), (205, 228, 246)
        light = (1.0, 1.0, 1.0)
        sun = (rng.uniform(0.1, 0.9), rng.uniform(0.05, max(0.06, horizon - 0.22)))
        glow = (255, 252, 225)
    if scene.winter:
        cold = 0.15 if scene.low_sun else 0.45
        top, low = mix(top, (190, 198, 210), cold), mix(low, (222, 226, 232), cold)
        light = mix(light, (0.85, 0.92, 1.05), 0.35)
    return Air(top, low, glow, light, mix(low, lit((235, 240, 245), light), 0.3), sun, horizon)


def _sky(air: Air, side: int) -> NDArray[np.float32]:
    """Gradient from the zenith to the horizon, and a glow around the sun; (side, side, 3) in 0..255."""
    at = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(side)
    down = np.clip(at / np.float32(air.horizon), 0, 1)[:, None, None]
    top, low, glow = (np.array(colour, dtype=np.float32) for colour in (air.top, air.low, air.glow))
    sky = top + (low - top) * down
    away = (at[None, :] - np.float32(air.sun[0])) ** 2 + (at[:, None] - np.float32(air.sun[1])) ** 2
    near = (np.float32(0.75) / (1 + away / np.float32(0.018)))[:, :, None]
    return np.asarray(sky + (glow - sky) * near, dtype=np.float32)


def _sun_and_clouds(canvas: Canvas, scene: Scene, air: Air, rng: np.random.Generator) -> None:
    radius = rng.uniform(0.05, 0.075) if scene.low_sun else rng.uniform(0.035, 0.05)
    canvas.ellipse(*air.sun, radius, radius, mix(air.glow, (255, 255, 255), 0.5))
    cloud = mix(air.low, (250, 130, 120), 0.5) if scene.low_sun else (250.0, 250.0, 252.0)
    puffs = []
    for _ in range(int(rng.integers(0, 5))):
        x, y, width = rng.uniform(0, 1), rng.uniform(0.03, air.horizon * 0.8), rng.uniform(0.06, 0.14)
        puffs += [
            (
                x + width * rng.uniform(-1, 1),
                y + width * rng.uniform(-0.15, 0.15),
                width * rng.uniform(0.5, 1),
                width / 4,
            )
            for _ in range(4)
        ]
    if puffs:
        canvas.soft(puffs, cloud, rng.uniform(0.5, 0.9))
    for _ in range(int(rng.integers(0, 5))):
        figures.bird(canvas, rng.uniform(0, 1), rng.uniform(0.05, air.horizon), rng.uniform(0.012, 0.025), (50, 45, 55))


def _mountains(canvas: Canvas, scene: Scene, air: Air, rng: np.random.Generator) -> None:
    """Two ranges, the farther one higher and hazier: peaks with a bright and a shaded side, and snow."""
    rock: Colour = (125, 132, 158) if scene.winter else (122, 118, 122)
    for height, haze in ((0.3, 0.45), (0.19, 0.1)):
        count = int(rng.integers(3, 6))
        for place in rng.permutation(count):
            x, half = (float(place) + rng.uniform(0.2, 0.8)) / count, rng.uniform(0.17, 0.3)
            top, foot = air.horizon - height * rng.uniform(0.6, 1), air.horizon + 0.03
            bright, dark = (mix(lit(rock, air.light), air.haze, haze), mix(lit(rock, air.light), air.haze, haze * 0.5))
            dark = lit(dark, (0.8, 0.8, 0.86))
            fold = x + half * rng.uniform(-0.2, 0.2)
            canvas.polygon([(x - half, foot), (x, top), (fold, foot)], bright)
            canvas.polygon([(fold, foot), (x, top), (x + half, foot)], dark)
            snow = mix(lit(figures.SNOW, air.light), air.haze, haze * 0.6)
            line = rng.uniform(0.5, 0.65) if scene.winter else rng.uniform(0.2, 0.35)
            edge = [
                x - half * line,
                x - half * line * 0.4,
                x + (fold - x) * line,
                x + half * line * 0.5,
                x + half * line,
            ]
            drop = top + (foot - top) * line
            jag = [(at, drop + 0.015 * (-1 if step % 2 else 1) * (0 < step < 4)) for step, at in enumerate(edge)]
            canvas.polygon([(x, top), *reversed(jag)], snow)


def _hills(canvas: Canvas, scene: Scene, air: Air, rng: np.random.Generator) -> None:
    surface: Colour = (205, 215, 228) if scene.winter else (95, 140, 95)
    for height, haze in ((0.07, 0.6), (0.04, 0.35)):
        x, colour = rng.uniform(-0.2, 1.2), mix(lit(surface, air.light), air.haze, haze)
        canvas.ellipse(x, air.horizon + 0.05, rng.uniform(0.3, 0.6), height + 0.05, colour)


def _shore(canvas: Canvas, scene: Scene, air: Air, rng: np.random.Generator) -> None:
    """Sea from the horizon down, the sun's path on it, foam, then sand."""
    line = air.horizon + (1 - air.horizon) * rng.uniform(0.28, 0.42)
    deep, shallow = ((60, 95, 120), (120, 150, 160)) if scene.winter else ((25, 105, 165), (80, 195, 205))
    canvas.shade(
        air.horizon,
        1.0,
        mix(lit(deep, air.light), air.low, 0.25),
        mix(lit(shallow, air.light), air.low, 0.15),
    )
    for _ in range(22):
        y = air.horizon + (line - air.horizon) * rng.uniform(0.03, 1)
        x, half = rng.uniform(0, 1), rng.uniform(0.02, 0.07)
        canvas.line([(x - half, y), (x + half, y)], 0.006, mix(lit(shallow, air.light), (255, 255, 255), 0.3))
    if scene.low_sun:
        for _ in range(26):
            y = air.horizon + (line - air.horizon) * rng.uniform(0, 1)
            x, half = air.sun[0] + rng.uniform(-0.05, 0.05), rng.uniform(0.01, 0.05)
            canvas.line([(x - half, y), (x + half, y)], 0.008, air.glow)
    for _ in range(int(rng.integers(0, 4))):
        far = rng.uniform(0.1, 0.7)
        where = air.horizon + (line - air.horizon) * far
        figures.boat(canvas, rng.uniform(0.03, 0.97), where, 0.025 + 0.03 * far, air.light, rng)
    slope, wave = rng.uniform(-0.08, 0.08), rng.uniform(0.008, 0.02)
    edge = [(x / 12, line + slope * (x / 12 - 0.5) + wave * float(rng.uniform(-1, 1))) for x in range(13)]
    sand = lit(mix((238, 212, 155), (222, 190, 135), rng.random()), air.light)
    canvas.polygon([*edge, (1, 1), (0, 1)], sand)
    canvas.line(edge, 0.02, mix(lit((250, 250, 250), air.light), air.low, 0.2))
    if scene.winter:
        _patches(canvas, line + 0.06, lit(figures.SNOW, air.light), 16, rng)
    _specks(canvas, line + 0.07, mix(sand, (90, 70, 50), 0.4), rng)
    if not scene.winter and rng.random() < 0.7:
        figures.parasol(
            canvas, rng.uniform(0.1, 0.9), rng.uniform(line + 0.12, 0.9), rng.uniform(0.12, 0.2), air.light, rng
        )


def _land(canvas: Canvas, scene: Scene, air: Air, rng: np.random.Generator) -> None:
    """A meadow, or snow; with a path, stones and flowers."""
    green = mix((105, 165, 70), (130, 160, 60), rng.random())
    surface = figures.SNOW if scene.winter else green
    front = mix(surface, (150, 175, 210) if scene.winter else (60, 115, 45), 0.35)
    canvas.shade(air.horizon, 1.0, mix(lit(surface, air.light), air.haze, 0.3), lit(front, air.light))
    x, bend = rng.uniform(0.2, 0.8), rng.uniform(-0.3, 0.3)
    path = mix(lit((190, 160, 120), air.light), lit(surface, air.light), 0.5 if scene.winter else 0.0)
    canvas.polygon([(x, air.horizon), (x + 0.02, air.horizon), (x + bend + 0.12, 1.0), (x + bend - 0.12, 1.0)], path)
    _specks(canvas, air.horizon + 0.08, mix(front, (70, 70, 75), 0.5), rng)
    if not scene.winter:
        _specks(canvas, air.horizon + 0.1, lit(figures.pick(figures.CLOTHES, rng), air.light), rng)


def _patches(canvas: Canvas, top: float, colour: Colour, count: int, rng: np.random.Generator) -> None:
    for _ in range(count):
        y = rng.uniform(top, 1.02)
        half = rng.uniform(0.06, 0.16)
        canvas.ellipse(rng.uniform(0, 1), y, half, half * rng.uniform(0.15, 0.3), colour)


def _specks(canvas: Canvas, top: float, colour: Colour, rng: np.random.Generator) -> None:
    """Stones, shells, flowers: larger towards the front."""
    for _ in range(int(rng.integers(8, 30))):
        down = rng.uniform(0, 1)
        radius = 0.003 + 0.008 * down * rng.uniform(0.3, 1)
        canvas.ellipse(rng.uniform(0, 1), top + (1 - top) * down, radius * 1.3, radius, colour)


def _trees(canvas: Canvas, scene: Scene, air: Air, rng: np.random.Generator) -> None:
    if scene.shore and not scene.winter:
        for _ in range(int(rng.integers(2, 4))):
            side = rng.uniform(0.02, 0.25) if rng.random() < 0.5 else rng.uniform(0.75, 0.98)
            foot = rng.uniform(0.78, 0.97)
            figures.palm(canvas, side, foot, foot - air.horizon + rng.uniform(0.12, 0.22), air.light, rng)
    if not scene.shore and scene.near:
        for foot in sorted(rng.uniform(air.horizon + 0.03, air.horizon + 0.16, int(rng.integers(7, 12)))):
            height = rng.uniform(0.22, 0.34) + (foot - air.horizon) * 0.8
            figures.fir(canvas, rng.uniform(0, 1), foot, height, air.light, scene.winter, rng)


def _people(canvas: Canvas, scene: Scene, air: Air, rng: np.random.Generator) -> None:
    """Two to five people whose heads are about at the horizon, as eye level has it."""
    light = mix(air.light, (0.3, 0.25, 0.3), 0.45) if scene.low_sun else air.light
    count = int(rng.integers(3, 6))
    places = (np.arange(count) + rng.uniform(0.15, 0.85, count)) / count
    for feet, x in sorted(zip(rng.uniform(0.8, 0.97, count), places, strict=True)):
        height = (feet - air.horizon) * rng.uniform(0.95, 1.2)
        figures.person(canvas, float(x), float(feet), height, light, scene.winter, rng)


def _snowfall(canvas: Canvas, rng: np.random.Generator) -> None:
    for x, y, radius in rng.uniform(0, 1, (int(rng.integers(0, 60)), 3)):
        canvas.ellipse(x, y, 0.003 + 0.004 * radius, 0.003 + 0.004 * radius, (252, 252, 255))


def _photograph(picture: Image.Image, camera: Camera, rng: np.random.Generator) -> Image.Image:
    blurred = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, camera.blur) * picture.width / 96))
    pixels = np.asarray(blurred, dtype=np.float32)
    gain = 2.0 ** rng.normal(0, camera.exposure) * (1 + rng.normal(0, camera.white_balance, 3))
    grain = rng.standard_normal(pixels.shape, dtype=np.float32) * np.float32(255 * camera.grain)
    return Image.fromarray(np.clip(pixels * np.float32(gain) + grain, 0, 255).astype(np.uint8))
