"""``hsemotion-onnx`` behind OpenCV's Haar cascade; argument: frames as ``.npy``, RGB.

It fetches its weights when it is first asked; without them there is nothing to measure.
"""

from __future__ import annotations

import importlib
import sys
import urllib.request  # noqa: F401  (hsemotion-onnx uses it without importing it)
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
from timing import serve  # type: ignore[import-not-found]  # it stands beside this program

if __name__ == "__main__":
    cv2.setNumThreads(1)
    module = importlib.import_module("hsemotion_onnx.facial_emotions")
    recogniser = module.HSEmotionRecognizer(model_name="enet_b0_8_best_vgaf")
    haar: Any = cv2  # of its fourth version; the fifth has none
    file = haar.data.haarcascades + "haarcascade_frontalface_default.xml"
    cascade = haar.CascadeClassifier(file)

    def look(frame: np.ndarray) -> int:
        boxes = cascade.detectMultiScale(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), 1.1, 5)
        for x, y, width, height in boxes:
            recogniser.predict_emotions(frame[y : y + height, x : x + width], logits=False)
        return len(boxes)

    serve(
        list(np.load(sys.argv[1])),
        look,
        {name: version(name) for name in ("hsemotion-onnx", "onnxruntime")},
    )
