"""Make the two clips of ``surveil demo``, with people who come and go.

Everybody in them is one portrait, mirrored, tinted and scaled: NASA's of astronaut Eileen Collins,
in the public domain, as scikit-image ships it (``skimage/data/astronaut.png``). The backdrops are
drawn here. To make the clips again:

    pip download --no-deps scikit-image && unzip scikit_image-*.whl skimage/data/astronaut.png
    python configs/demo/make_clips.py skimage/data/astronaut.png surveil/simulate/media
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 640, 360, 15
WALK_S = 2.0

Image = NDArray[np.uint8]

FACE_TOP, FACE_BOTTOM, FACE_CENTRE_X = 61, 172, 224
"""Where MTCNN finds the face in the portrait, in pixels."""


@dataclass(frozen=True)
class Cutout:
    """A person without background: BGR ``(H, W, 3)`` uint8, alpha ``(H, W)`` float32 0..1.

    ``face_x`` is the column of the face's centre.
    """

    image: Image
    alpha: NDArray[np.float32]
    face_x: float = FACE_CENTRE_X

    @property
    def mirrored(self) -> Cutout:
        width = self.image.shape[1]
        return Cutout(
            self.image[:, ::-1].copy(), self.alpha[:, ::-1].copy(), width - 1 - self.face_x
        )

    def tinted(self, hue: int, value: float) -> Cutout:
        """Return the person in a suit of another colour (hue in half degrees), skin untouched."""
        hsv = cv2.cvtColor(self.image, cv2.COLOR_BGR2HSV)
        suit = (hsv[..., 1] > 150) & (np.arange(hsv.shape[0]) > FACE_BOTTOM)[:, None]
        hsv[..., 0] = np.where(suit, (hsv[..., 0].astype(int) + hue) % 180, hsv[..., 0])
        hsv[..., 2] = np.where(suit, hsv[..., 2] * value, hsv[..., 2])
        return Cutout(
            cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR).astype(np.uint8), self.alpha, self.face_x
        )


@dataclass(frozen=True)
class Visit:
    """One person's way through the picture.

    Attributes:
        enter_s, leave_s: First and last moment; walking takes ``WALK_S`` of each.
        from_left, to_left: Where they come from and go to.
        x: Where they stay, as a fraction of the width.
        face_px: Height of the face when they arrive and when they leave.
    """

    person: Cutout
    enter_s: float
    leave_s: float
    from_left: bool
    to_left: bool
    x: float
    face_px: tuple[float, float]


def cut_out(portrait: Image) -> Cutout:
    """Separate the person from the flag, the wall and the models behind her (GrabCut)."""
    height, width = portrait.shape[:2]
    mask = np.full((height, width), cv2.GC_BGD, np.uint8)
    mask[14:, 20:370] = cv2.GC_PR_BGD
    cv2.ellipse(mask, (227, 90), (76, 82), 0, 0, 360, cv2.GC_PR_FGD, -1)
    body = np.array([[150, 185], [300, 185], [365, 330], [340, 511], [30, 511], [40, 300]])
    cv2.fillPoly(mask, [body], cv2.GC_PR_FGD)
    cv2.ellipse(mask, (224, 110), (46, 66), 0, 0, 360, cv2.GC_FGD, -1)
    cv2.fillPoly(
        mask,
        [np.array([[135, 205], [290, 205], [320, 340], [300, 505], [60, 505], [80, 300]])],
        cv2.GC_FGD,
    )
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(portrait, mask, None, *models, 6, cv2.GC_INIT_WITH_MASK)
    solid = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    assert count > 1, "no person found in the portrait"
    solid = (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    solid = cv2.erode(solid, np.ones((3, 3), np.uint8))
    alpha = cv2.GaussianBlur(solid.astype(np.float32), (0, 0), 1.2)
    return Cutout(portrait, alpha)


def corridor() -> Image:
    """Draw a bright entrance hall: wall, floor, a door and two pictures."""
    room = np.full((HEIGHT, WIDTH, 3), (206, 212, 214), np.uint8)
    room[250:] = (150, 160, 168)
    cv2.line(room, (0, 250), (WIDTH, 250), (120, 128, 134), 3)
    cv2.rectangle(room, (462, 60), (556, 250), (96, 120, 140), -1)
    cv2.rectangle(room, (462, 60), (556, 250), (70, 90, 106), 3)
    cv2.circle(room, (474, 160), 4, (60, 70, 80), -1)
    for x, colour in ((70, (170, 150, 110)), (300, (120, 160, 140))):
        cv2.rectangle(room, (x, 50), (x + 80, 110), (88, 96, 100), -1)
        cv2.rectangle(room, (x + 5, 55), (x + 75, 105), colour, -1)
    return _shade(room, left=0.92, right=1.05)


def lounge() -> Image:
    """Draw a darker lounge: a window, a shelf and a lamp."""
    room = np.full((HEIGHT, WIDTH, 3), (150, 158, 172), np.uint8)
    room[270:] = (84, 92, 110)
    cv2.rectangle(room, (40, 40), (190, 170), (214, 196, 170), -1)
    cv2.rectangle(room, (40, 40), (190, 170), (96, 100, 108), 4)
    cv2.line(room, (115, 40), (115, 170), (96, 100, 108), 3)
    cv2.rectangle(room, (470, 150), (620, 270), (74, 92, 118), -1)
    for y in (150, 190, 230):
        cv2.line(room, (470, y), (620, y), (52, 66, 86), 3)
    cv2.rectangle(room, (352, 90), (356, 272), (60, 66, 74), -1)
    cv2.ellipse(room, (354, 92), (34, 22), 0, 180, 360, (150, 200, 226), -1)
    return _shade(room, left=1.12, right=0.88)


def _shade(room: Image, *, left: float, right: float) -> Image:
    smooth = cv2.GaussianBlur(room, (0, 0), 1.5).astype(np.float32)
    return np.clip(smooth * np.linspace(left, right, WIDTH)[None, :, None], 0, 255).astype(np.uint8)


def place(visit: Visit, t: float) -> tuple[float, float, float]:
    """Return where the face's centre is, in pixels, and its height, at second ``t``."""
    into, out = (t - visit.enter_s) / WALK_S, (visit.leave_s - t) / WALK_S
    part = float(np.clip((t - visit.enter_s) / (visit.leave_s - visit.enter_s), 0, 1))
    face_px = visit.face_px[0] + (visit.face_px[1] - visit.face_px[0]) * _ease(part)
    outside = 2.4 * face_px
    stay = visit.x * WIDTH + 8 * np.sin(t * 0.9 + visit.enter_s)
    left = visit.from_left if into < out else visit.to_left
    away = -outside if left else WIDTH + outside
    share = _ease(float(np.clip(min(into, out), 0, 1)))
    is_walking = share < 1
    bob = (3.0 if is_walking else 1.2) * np.sin(t * (9.0 if is_walking else 1.7))
    return away + (stay - away) * share, HEIGHT * 0.36 + bob, face_px


def _ease(part: float) -> float:
    return part * part * (3 - 2 * part)


def draw(canvas: Image, visit: Visit, t: float) -> None:
    """Put a visitor into the picture; the body goes down to the lower edge."""
    x, y, face_px = place(visit, t)
    scale = face_px / (FACE_BOTTOM - FACE_TOP)
    move = np.array(
        [
            [scale, 0, x - visit.person.face_x * scale],
            [0, scale, y - (FACE_TOP + FACE_BOTTOM) / 2 * scale],
        ]
    )
    size = (WIDTH, HEIGHT)
    # Reduced first: warpAffine alone would alias below half the size.
    image = cv2.GaussianBlur(visit.person.image, (0, 0), max(0.4, 0.5 / scale - 0.2))
    warped = cv2.warpAffine(
        image, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    alpha = cv2.warpAffine(visit.person.alpha, move, size, flags=cv2.INTER_LINEAR)
    bottom = int(y + (512 - (FACE_TOP + FACE_BOTTOM) / 2) * scale)
    if bottom < HEIGHT:
        alpha[max(0, bottom - 3) :] = alpha[max(0, bottom - 4)]
        warped[max(0, bottom - 3) :] = warped[max(0, bottom - 4)]
    part = alpha[..., None]
    canvas[:] = (canvas * (1 - part) + warped * part).astype(np.uint8)


def render(
    path: Path,
    room: Image,
    visits: Sequence[Visit],
    light: Callable[[float], NDArray[np.float64]],
    seconds: int,
) -> None:
    """Encode one clip.

    Args:
        path: MP4 to write.
        room: Backdrop.
        visits: Drawn in this order, so the last is in front.
        light: Second to a factor per channel, BGR.
        seconds: Length.
    """
    options = {"preset": "veryslow", "crf": "27", "bf": "0", "tune": "animation"}
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.gop_size = 2 * FPS
        for index in range(seconds * FPS):
            t = index / FPS
            canvas = room.copy()
            for visit in visits:
                if visit.enter_s <= t < visit.leave_s:
                    draw(canvas, visit, t)
            lit = np.clip(canvas * light(t), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(lit, format="bgr24")))
        container.mux(stream.encode())


def main() -> None:
    """Write ``entrance.mp4`` and ``lounge.mp4``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("portrait", type=Path, help="astronaut.png of scikit-image")
    parser.add_argument("out", type=Path, help="folder for the clips")
    arguments = parser.parse_args()
    portrait = cv2.imread(str(arguments.portrait))
    assert portrait is not None, f"cannot read {arguments.portrait}"
    orange = cut_out(np.asarray(portrait, np.uint8))
    blue, green, red = orange.tinted(98, 0.8), orange.tinted(52, 0.7), orange.tinted(170, 0.85)
    render(
        arguments.out / "entrance.mp4",
        corridor(),
        [
            Visit(blue.mirrored, 7.0, 16.0, False, False, 0.68, (62, 70)),
            Visit(orange, 1.0, 13.0, True, True, 0.32, (84, 96)),
        ],
        lambda t: np.array([1.0, 1.0, 1.0]) * (1 + 0.06 * np.sin(t * 0.6)),
        21,
    )
    render(
        arguments.out / "lounge.mp4",
        lounge(),
        [
            Visit(green, 2.0, 12.0, False, True, 0.42, (58, 108)),
            Visit(red.mirrored, 9.0, 19.0, False, False, 0.74, (76, 66)),
        ],
        lambda t: np.array([0.92, 1.0, 1.06]) * (1 - 0.3 * np.exp(-(((t - 14) / 1.5) ** 2))),
        24,
    )


if __name__ == "__main__":
    main()
