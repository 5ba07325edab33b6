"""Compare surveil's MTCNN with facenet-pytorch's, frame by frame, over clips and stills.

The contract: every face of the reference is found with IoU >= 0.9 and a score within 0.01, where
the reference's boxes are clipped to the frame as ours are. Faces we find and the reference does not
are counted, too. Frames on which the reference itself fails are counted and left out.

    python bench/detect_reference.py SHARED_DIR [--every 1] [--min-face-px 40]
                                              [--engine auto|torch|openvino]

exits with 1 unless the contract holds on all frames.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import torch
from facenet_pytorch import MTCNN
from kit.boxes import as_array, iou_matrix
from numpy.typing import NDArray

from surveil.boxes import areas, clip
from surveil.detect import MtcnnDetector, MtcnnNetworks
from surveil.domain import Detection
from surveil.engines import EngineName

Image = NDArray[np.uint8]


@dataclass
class Agreement:
    """What a comparison found, summed over frames."""

    frames: int = 0
    reference_faces: int = 0
    missing: int = 0
    extra: int = 0
    reference_failed: int = 0
    lowest_iou: float = 1.0
    largest_score_gap: float = 0.0
    largest_landmark_gap_px: float = 0.0

    def holds(self) -> bool:
        return self.missing == 0


Faces = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Boxes clipped to the frame ``(N, 4)``, scores ``(N,)`` and landmarks ``(N, 5, 2)``."""


def reference_faces(reference: MTCNN, image: Image) -> Faces | None:
    """Return what the reference finds, or ``None`` where it fails."""
    try:
        boxes, scores, landmarks = reference.detect(image, landmarks=True)
    except (RuntimeError, IndexError):  # its known faults: tiny frames, degenerate crops
        return None
    if boxes is None:
        none = np.zeros(0, np.float32)
        return none.reshape(0, 4), none, none.reshape(0, 5, 2)
    height, width = image.shape[:2]
    clipped = clip(np.asarray(boxes, dtype=np.float32), width=width, height=height)
    real = areas(clipped) > 0
    return (
        clipped[real],
        np.asarray(scores, dtype=np.float32)[real],
        np.asarray(landmarks, dtype=np.float32)[real],
    )


def compare(expected: Faces | None, found: list[Detection], total: Agreement) -> None:
    """Add one frame to ``total``; each of our faces can answer for one of the reference."""
    total.frames += 1
    if expected is None:
        total.reference_failed += 1
        return
    boxes, scores, landmarks = expected
    ious = iou_matrix(boxes, as_array(d.box for d in found))
    total.reference_faces += len(boxes)
    unused = set(range(len(found)))
    for i in range(len(boxes)):
        if not unused:
            total.missing += 1
            continue
        best = max(unused, key=lambda j: ious[i, j])
        gap = abs(found[best].score - float(scores[i]))
        if ious[i, best] < 0.9 or gap > 0.01:
            total.missing += 1
            continue
        unused.remove(best)
        apart = float(np.abs(found[best].landmarks - landmarks[i]).max())
        total.lowest_iou = min(total.lowest_iou, float(ious[i, best]))
        total.largest_score_gap = max(total.largest_score_gap, gap)
        total.largest_landmark_gap_px = max(total.largest_landmark_gap_px, apart)
    total.extra += len(unused)


def pictures(path: Path, every: int) -> Iterator[Image]:
    """Yield every n-th picture of a clip, or the one of a still, in RGB."""
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % every == 0:
                yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def material(shared: Path) -> list[Path]:
    """Return the clips and stills to compare on."""
    data = shared / "data"
    return sorted([*(data / "videos").iterdir(), *(data / "faces").glob("*.jpg")])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--min-face-px", type=int, default=40)
    parser.add_argument("--engine", type=EngineName, default=EngineName.AUTO)
    options = parser.parse_args()
    torch.set_num_threads(1)
    reference = MTCNN(keep_all=True, min_face_size=options.min_face_px)
    networks = MtcnnNetworks.load(engine=options.engine, threads=1)
    detector = MtcnnDetector(min_face_px=options.min_face_px, networks=networks)
    holds = True
    for path in material(options.shared):
        total = Agreement()
        for image in pictures(path, options.every):
            compare(reference_faces(reference, image), detector.detect([image])[0], total)
        holds &= total.holds()
        print(path.name, total, flush=True)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
