"""Compare fast detection with exact detection and with facenet-pytorch: time, lost and added faces.

For each clip and still, with one thread: processor time a frame of facenet-pytorch, of ``exact``
and of ``fast`` in float32 and in 8 bits, the modes taking turns on each frame; and how many faces
that exact detection scores 0.9 or more a mode loses (IoU below 0.5 with all it finds), how many of
that score it adds, and the mean IoU of those that both find.

    python bench/detect_modes_report.py SHARED_DIR [--every 1] [--min-face-px 40] [--peer]

No picture of these was used to choose a threshold of ``fast`` or the ranges of its 8 bits.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from detect_reference import Image, material, pictures
from kit.boxes import as_array, iou_matrix
from numpy.typing import NDArray

from surveil.detect import DetectionMode, MtcnnDetector, MtcnnNetworks
from surveil.domain import Detection
from surveil.models import Precision

SURE = 0.9
SAME_IOU = 0.5


@dataclass
class Mode:
    """One way of detecting, and what it did."""

    name: str
    detect: Callable[[Image], list[Detection]]
    taken_ms: list[float] = field(default_factory=list)
    faces: int = 0
    lost: int = 0
    added: int = 0
    ious: list[float] = field(default_factory=list)

    def look(self, image: Image) -> list[Detection]:
        began = time.process_time()
        found = self.detect(image)
        self.taken_ms.append((time.process_time() - began) * 1000)
        return found

    def compare(self, exact: list[Detection], found: list[Detection]) -> None:
        ious = iou_matrix(as_array(d.box for d in exact), as_array(d.box for d in found))
        sure = np.array([d.score >= SURE for d in exact], dtype=bool)
        best = ious.max(axis=1) if len(found) else np.zeros(len(exact))
        self.faces += int(sure.sum())
        self.lost += int((best[sure] < SAME_IOU).sum())
        self.ious += best[sure & (best >= SAME_IOU)].tolist()
        nearest: NDArray[np.float64] = ious.max(axis=0) if len(exact) else np.zeros(len(found))
        self.added += sum(
            d.score >= SURE and near < SAME_IOU
            for d, near in zip(found, nearest.tolist(), strict=True)
        )

    def line(self) -> str:
        ious = f"{np.mean(self.ious):.3f}" if self.ious else "-"
        return (
            f"  {self.name:<16}{np.median(self.taken_ms):7.1f}{np.mean(self.taken_ms):7.1f} ms"
            f"{self.lost:5d} of {self.faces:5d} lost{self.added:5d} added  IoU {ious}"
        )


def modes(min_face_px: int, peer: bool) -> list[Mode]:
    found = []
    if peer:
        import torch
        from facenet_pytorch import MTCNN

        torch.set_num_threads(1)
        reference = MTCNN(keep_all=True, min_face_size=min_face_px)

        def facenet(image: Image) -> list[Detection]:
            reference.detect(image)
            return []

        found.append(Mode("facenet-pytorch", facenet))
    for mode, precision in (
        (DetectionMode.EXACT, Precision.FLOAT32),
        (DetectionMode.FAST, Precision.FLOAT32),
        (DetectionMode.FAST, Precision.INT8),
    ):
        networks = MtcnnNetworks.load(threads=1, precision=precision)
        detector = MtcnnDetector(min_face_px=min_face_px, networks=networks, mode=mode)

        def detect(image: Image, detector: MtcnnDetector = detector) -> list[Detection]:
            return detector.detect([image])[0]

        found.append(Mode(f"{mode.value} {precision.value}", detect))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shared", type=Path, nargs="+", help="or files")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--min-face-px", type=int, default=40)
    parser.add_argument("--peer", action="store_true", help="time facenet-pytorch, too")
    options = parser.parse_args()
    paths = [
        path
        for given in options.shared
        for path in (material(given) if given.is_dir() else [given])
    ]
    whole = modes(options.min_face_px, options.peer)
    for path in paths:
        own = [Mode(mode.name, mode.detect) for mode in whole]
        for image in pictures(path, options.every):
            exact: list[Detection] = []
            for mode in own:
                found = mode.look(image)
                if mode.name == "exact float32":
                    exact = found
                if not mode.name.startswith("facenet"):
                    mode.compare(exact, found)
        print(f"{path.name}, {len(own[0].taken_ms)} pictures, median and mean of a picture")
        for total, mode in zip(whole, own, strict=True):
            print(mode.line(), flush=True)
            total.taken_ms += mode.taken_ms
            total.ious += mode.ious
            total.faces, total.lost = total.faces + mode.faces, total.lost + mode.lost
            total.added += mode.added
    print("all")
    for mode in whole:
        print(mode.line())
    return 0


if __name__ == "__main__":
    sys.exit(main())
