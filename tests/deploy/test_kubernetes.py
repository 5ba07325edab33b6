"""The manifests, by the schemas of Kubernetes and by what the daemon needs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kit.tools import DEPLOY

from surveil.config.loading import read_fleet
from surveil.workers.host.daemon import ROLES
from surveil.workers.host.membership import Shard

BASE = DEPLOY / "kubernetes" / "base"
RAY = DEPLOY / "kubernetes" / "ray"
VERSION = "1.33"


def documents(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    for name in listed["resources"]:
        for document in yaml.safe_load_all((folder / name).read_text(encoding="utf-8")):
            yield name, document


MANIFESTS = [
    (f"{name}:{one['kind']}/{one['metadata']['name']}", one) for name, one in documents(BASE)
]


@pytest.mark.parametrize(
    "manifest", [one for _, one in MANIFESTS], ids=[name for name, _ in MANIFESTS]
)
def test_kubernetes_accepts_each(manifest: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import kubernetes_validate

    kubernetes_validate.validate(manifest, VERSION, strict=True)


def pods() -> list[dict[str, Any]]:
    """Return the templates of all pods, those of Ray as well."""
    found = [one["spec"]["template"] for _, one in MANIFESTS if "template" in one.get("spec", {})]
    ray = next(one for name, one in documents(RAY) if name == "cluster.yaml")["spec"]
    return [*found, ray["headGroupSpec"]["template"], ray["workerGroupSpecs"][0]["template"]]


def test_no_pod_may_more_than_it_needs() -> None:
    assert len(pods()) == 6
    for pod in pods():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        volumes = {volume["name"] for volume in spec["volumes"]} | {"data"}
        for container in spec["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
            assert "memory" in container["resources"]["limits"]


def test_each_role_has_a_workload_that_runs_it() -> None:
    roles = {}
    for _, one in MANIFESTS:
        if one["kind"] in ("Deployment", "StatefulSet"):
            container = one["spec"]["template"]["spec"]["containers"][0]
            arguments = container["args"]
            roles[arguments[arguments.index("--roles") + 1]] = one["kind"]
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
            assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert set(roles) == set(ROLES) - {"capture"}
    assert roles["inference"] == "StatefulSet"


def test_shards_are_as_many_as_pods() -> None:
    spec = next(one for _, one in MANIFESTS if one["kind"] == "StatefulSet")["spec"]
    arguments = spec["template"]["spec"]["containers"][0]["args"]
    shard = arguments[arguments.index("--shard") + 1].replace("$(POD_INDEX)", "0")
    assert Shard.parse(shard).count == spec["replicas"]
    assert spec["volumeClaimTemplates"][0]["metadata"]["name"] == "data"


def test_alerters_share_a_lease() -> None:
    spec = next(one for _, one in MANIFESTS if one["metadata"]["name"] == "alerter")["spec"]
    container = spec["template"]["spec"]["containers"][0]
    assert container["args"][container["args"].index("--host") + 1] == "$(POD_NAME)"
    assert {one["name"] for one in container["env"]} == {"POD_NAME"}


def test_selectors_find_the_pods_of_their_role() -> None:
    labels = [pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in pods()[:4]]
    for kind in ("Service", "PodDisruptionBudget"):
        chosen = []
        for _, one in MANIFESTS:
            if one["kind"] == kind:
                selector = one["spec"]["selector"]
                selector = selector.get("matchLabels", selector)
                chosen.append(selector["app.kubernetes.io/component"])
        assert sorted(chosen) == sorted(labels)


@pytest.mark.parametrize("folder", [BASE, RAY], ids=["base", "ray"])
def test_the_fleet_is_one_that_surveil_takes(folder: Path, tmp_path: Path) -> None:
    text = (folder / "fleet.yaml").read_text(encoding="utf-8")
    for name in ("redis_password", "database_password"):
        (tmp_path / name).write_text("secret-of-a-test", encoding="utf-8")
    file = tmp_path / "fleet.yaml"
    file.write_text(text.replace("/run/secrets/surveil", str(tmp_path)), encoding="utf-8")
    fleet = read_fleet(file).fleet
    assert fleet.http.host == "0.0.0.0"
    assert fleet.redis != "embedded"
