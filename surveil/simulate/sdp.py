"""The session description of a clip (SDP, RFC 4566; RFC 6184, 7798 and 2435 for the codecs)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

from surveil.plaintext import escape
from surveil.simulate.clip import TICKS_PER_S, Clip, Codec
from surveil.simulate.payload import h264, h265

CONTROL = "trackID=0"
"""Path of the one media stream below the camera's URL."""

_DYNAMIC_TYPE = 96
_JPEG_TYPE = 26


def payload_type(clip: Clip) -> int:
    """Return the RTP payload type that the description announces."""
    return _JPEG_TYPE if clip.codec is Codec.MJPEG else _DYNAMIC_TYPE


def describe(name: str, clip: Clip, host: str, session: int) -> str:
    """Return the SDP of one camera.

    Args:
        name: The camera's name.
        clip: What it shows.
        host: Address of the server, for the origin line.
        session: Number that stays the same while the description does.
    """
    family = "IP6" if ":" in host else "IP4"
    number = payload_type(clip)
    encoding = {Codec.H264: "H264", Codec.H265: "H265", Codec.MJPEG: "JPEG"}[clip.codec]
    lines = [
        "v=0",
        f"o=- {session} 1 IN {family} {host}",
        f"s={escape(name)}",
        f"c=IN {family} {'::' if family == 'IP6' else '0.0.0.0'}",  # noqa: S104 - no address is bound
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {number}",
        f"a=rtpmap:{number} {encoding}/{TICKS_PER_S}",
        *_format_lines(number, clip),
        f"a=framerate:{clip.fps:g}",
        f"a=control:{CONTROL}",
    ]
    return "".join(f"{line}\r\n" for line in lines)


def _format_lines(number: int, clip: Clip) -> list[str]:
    if clip.codec is Codec.H264:
        sps = _of_type(clip.parameter_sets, h264.nal_type, h264.SPS)
        pps = _of_type(clip.parameter_sets, h264.nal_type, h264.PPS)
        if not sps:
            return [f"a=fmtp:{number} packetization-mode=1"]
        sets = ",".join(_text(unit) for unit in (*sps, *pps))
        profile = sps[0][1:4].hex()
        return [
            f"a=fmtp:{number} packetization-mode=1;profile-level-id={profile};"
            f"sprop-parameter-sets={sets}"
        ]
    if clip.codec is Codec.H265 and clip.parameter_sets:
        kinds = (("vps", h265.VPS), ("sps", h265.SPS), ("pps", h265.PPS))
        found = (
            (kind, _of_type(clip.parameter_sets, h265.nal_type, number)) for kind, number in kinds
        )
        sets = ";".join(f"sprop-{kind}={','.join(map(_text, units))}" for kind, units in found)
        return [f"a=fmtp:{number} {sets}"]
    return []


def _of_type(units: Sequence[bytes], type_of: Callable[[bytes], int], number: int) -> list[bytes]:
    return [unit for unit in units if type_of(unit) == number]


def _text(unit: bytes) -> str:
    return base64.b64encode(unit).decode("ascii")
