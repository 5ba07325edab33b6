"""Find faces in frames. The contract is in :mod:`surveil.detect.detector`."""

from surveil.detect.detector import Detector
from surveil.detect.mode import DetectionMode
from surveil.detect.mtcnn import MtcnnDetector
from surveil.detect.networks import MtcnnNetworks

__all__ = ["DetectionMode", "Detector", "MtcnnDetector", "MtcnnNetworks"]
