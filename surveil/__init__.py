"""surveil: emotion timelines and alerts from a fleet of cameras."""

import sys

# OpenVINO and NNCF report each import and conversion to their makers, and fail where the user has
# no home directory. Without this package both go on and report nothing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
