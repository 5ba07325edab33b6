"""Where processor time is put to account."""

from __future__ import annotations

import sys
import time
from types import FrameType

import pytest

from surveil.measuring import stages
from surveil.measuring.stages import ORDER, OTHER, by_stage, stage_of


def called(*places: tuple[str, str]) -> FrameType:
    """Return the innermost frame of functions of such names in such files, the outermost first."""
    scope: dict[str, object] = {"sys": sys, "inner": None}
    code = "sys._getframe()"
    frame: FrameType | None = None
    for path, name in reversed(places):
        source = f"def {name}(): return {code}\n"
        exec(compile(source, stages._ROOT + path, "exec"), scope)
        code = f"{name}()"
    frame = eval(code, scope)
    assert frame is not None
    return frame


@pytest.mark.parametrize(
    ("places", "stage"),
    [
        ([("sources/stream.py", "read")], "decode"),
        ([("detect/cascade.py", "propose"), ("detect/area.py", "resize")], "pyramid"),
        ([("detect/halving.py", "crops"), ("detect/halving.py", "_remap")], "crops"),
        ([("detect/cascade.py", "merge"), ("detect/nms.py", "keep_by_iou")], "candidates"),
        ([("detect/cascade.py", "propose"), ("engines/openvino.py", "call")], "P-Net"),
        (
            [("detect/cascade.py", "refine"), ("detect/cascade.py", "_in_bounded_batches"),
             ("engines/openvino.py", "call")],
            "R-Net",
        ),
        ([("detect/again.py", "look_again"), ("detect/cascade.py", "look"),
          ("engines/openvino.py", "call")], "O-Net"),
        ([("classify/classifier.py", "classify"), ("engines/openvino.py", "call")], "expression"),
        ([("gate/motion.py", "moved")], "gate"),
        ([("workers/inferring/pipeline.py", "process")], OTHER),
    ],
)  # fmt: skip
def test_line_belongs_to_a_stage(places: list[tuple[str, str]], stage: str) -> None:
    assert stage_of(called(*places)) == stage


def test_all_time_is_put_to_account() -> None:
    began_s = time.process_time()
    with by_stage() as spent:
        while time.process_time() - began_s < 0.2:
            pass
    assert tuple(spent) == ORDER
    assert spent[OTHER] > 0.1
    assert sum(spent.values()) <= time.process_time() - began_s
