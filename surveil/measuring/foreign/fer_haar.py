"""PyPI's ``fer`` with its Haar cascade, as its README has it; argument: RGB frames, ``.npy``."""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import version

import cv2
import numpy as np
from timing import serve  # type: ignore[import-not-found]  # it stands beside this program

if __name__ == "__main__":
    cv2.setNumThreads(1)
    detector = importlib.import_module("fer.fer").FER(mtcnn=False)
    frames = [np.ascontiguousarray(frame[..., ::-1]) for frame in np.load(sys.argv[1])]
    serve(
        frames,
        lambda frame: len(detector.detect_emotions(frame)),
        {
            name: version(name)
            for name in ("fer", "tensorflow-cpu", "opencv-contrib-python-headless")
        },
    )
