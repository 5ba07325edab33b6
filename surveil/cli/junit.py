"""Results of tests as JUnit's XML, which CI systems read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree


@dataclass(frozen=True, slots=True)
class Case:
    """One test.

    Attributes:
        file: Where it stands.
        name: What it is called.
        took_s: How long it took.
        failures: What was wrong, a line each; empty for nothing.
        output: What else helps to find out why.
    """

    file: str
    name: str
    took_s: float
    failures: Sequence[str]
    output: str = ""


def to_junit(cases: Sequence[Case]) -> bytes:
    """Return the XML of tests, a suite for each file."""
    root = ElementTree.Element("testsuites", _counts(cases))
    for file in dict.fromkeys(case.file for case in cases):
        mine = [case for case in cases if case.file == file]
        suite = ElementTree.SubElement(root, "testsuite", {"name": file, **_counts(mine)})
        for case in mine:
            attributes = {"classname": file, "name": case.name, "time": f"{case.took_s:.3f}"}
            element = ElementTree.SubElement(suite, "testcase", attributes)
            if case.failures:
                failure = ElementTree.SubElement(
                    element, "failure", {"message": case.failures[0], "type": "expectation"}
                )
                failure.text = "\n".join(case.failures)
            if case.output:
                ElementTree.SubElement(element, "system-out").text = case.output
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    return {
        "tests": str(len(cases)),
        "failures": str(sum(bool(case.failures) for case in cases)),
        "errors": "0",
        "time": f"{sum(case.took_s for case in cases):.3f}",
    }
