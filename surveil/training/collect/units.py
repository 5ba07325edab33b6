"""What must stay in one split together: a person's faces, a video's, and copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surveil.training.collect.near_duplicates import clusters
from surveil.training.data.custom import SplitRule
from surveil.training.faces import Split


@dataclass(frozen=True, slots=True)
class Member:
    """A face: its hash, its person (empty where unknown), and its video (empty of a photograph)."""

    sha256: str
    person: str = ""
    video: str = ""

    @property
    def key(self) -> str:
        """What the face's split is drawn by: the person, else the video, else the face itself.

        People in a video who have no name are taken for one: who is seen at one second is likely
        seen at the next.
        """
        if self.person:
            return f"person:{self.person}"
        return f"video:{self.video}" if self.video else f"sha256:{self.sha256}"


def splits_of(
    members: Sequence[Member], copies: Sequence[tuple[int, int]], rule: SplitRule
) -> list[Split]:
    """Return the split of each face.

    Faces with the same key, and copies, go together, and so does whatever they join. The draw is by
    hash of the joined keys' first name, a person's before others: faces that are added later move
    nobody to another split unless they join two units.

    Args:
        members: The faces.
        copies: Pairs of indices of near duplicates.
        rule: Percent for test and validation.
    """
    first: dict[str, int] = {}
    links = list(copies)
    for index, member in enumerate(members):
        links.append((first.setdefault(member.key, index), index))
    units = clusters(len(members), np.array(links, np.intp).reshape(-1, 2)).tolist()
    keys: dict[int, str] = {}
    for unit, member in zip(units, members, strict=True):
        # "person:" comes before "sha256:" and "video:" in the alphabet.
        keys[unit] = min(keys.get(unit, member.key), member.key)
    return [rule.split_at(keys[unit]) for unit in units]
