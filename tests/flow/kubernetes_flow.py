# SPDX-License-Identifier: MIT
"""kubernetes: the manifests hold together: what one names is there in another, and what a worker is told it understands."""
import os
import re
import shutil
import subprocess
import tempfile

import yaml

from kit.flow import Skip, flow
from kit.server import ROOT, TIERS, find_bin

BASE = os.path.join(ROOT, "deploy", "kubernetes", "base")
SECRETS = {"peal-keys": {"bus.key", "redis-password"}}  # made by hand; README.md says how


def documents():
    """Every object of every file that kustomization.yaml names, Lists opened."""
    with open(os.path.join(BASE, "kustomization.yaml")) as f:
        files = yaml.safe_load(f)["resources"]
    assert sorted([*files, "kustomization.yaml"]) == sorted(os.listdir(BASE)), "a file that kustomization.yaml does not name"
    for name in files:
        with open(os.path.join(BASE, name)) as f:
            for d in yaml.safe_load_all(f):
                yield from d["items"] if d["kind"] == "List" else [d]


def of(objects, *kinds):
    return [o for o in objects if o["kind"] in kinds]


def check_pod(name, spec, configs):
    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] == 5060, name
    assert spec["enableServiceLinks"] is False and spec["automountServiceAccountToken"] is False, name
    volumes = {v["name"]: v for v in spec.get("volumes", [])}
    for v in volumes.values():
        assert "configMap" not in v or v["configMap"]["name"] in configs, (name, v)
        assert "secret" not in v or {i["key"] for i in v["secret"]["items"]} <= SECRETS[v["secret"]["secretName"]], (name, v)
    (c,) = spec["containers"]
    ports = {p["name"]: p["containerPort"] for p in c["ports"]}
    assert c["image"] == "peal" and c["args"][0] in [*TIERS, "redis"], (name, c)
    hard = c["securityContext"]
    assert hard == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}, (name, hard)
    for probe in ("livenessProbe", "readinessProbe"):
        assert "exec" in c[probe] or c[probe]["httpGet"]["port"] in ports, (name, probe)
    for m in c["volumeMounts"]:
        assert m["name"] in volumes or name == "redis" and m["name"] == "data", (name, m)
    for e in c["env"]:
        check_source(name, e.get("valueFrom", {}), configs)
    return c, ports


def check_source(name, source, configs):
    if "secretKeyRef" in source:
        assert source["secretKeyRef"]["key"] in SECRETS[source["secretKeyRef"]["name"]], (name, source)
    if "configMapKeyRef" in source:
        assert source["configMapKeyRef"]["key"] in configs[source["configMapKeyRef"]["name"]], (name, source)


def check_settings(name, container, text):
    """Would the worker take what the pod is given? The file and the environment, by the worker's own reader."""
    given = {"POD_IP": "192.0.2.9", "REDIS_PASSWORD": "word", "REDIS_PLACE": "redis:6379/0"}
    env = {e["name"]: re.sub(r"\$\((\w+)\)", lambda m: given[m.group(1)], e["value"]) for e in container["env"] if "value" in e}
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
        f.write(text)
        f.flush()
        env["PEAL_CONFIG"] = f.name
        done = subprocess.run([os.path.join(find_bin(), "peal"), "config", "check"], capture_output=True, text=True, env=env)
    assert done.returncode == 0, (name, done.stderr)


@flow("kubernetes.manifests", server=False, forms=("separate",))
def manifests(_):
    """Selectors match labels, probes name ports, volumes and secrets are there, nothing runs as root, workers understand their settings."""
    objects = list(documents())
    configs = {o["metadata"]["name"]: o["data"] for o in of(objects, "ConfigMap")}
    loads = of(objects, "Deployment", "DaemonSet", "StatefulSet")
    assert sorted(o["metadata"]["name"] for o in loads) == sorted([*TIERS, "redis"])
    drain = int(re.search(r"drain = (\d+)", configs["peal-config"]["peal.conf"]).group(1))
    labels = {}
    for o in loads:
        name, template = o["metadata"]["name"], o["spec"]["template"]
        labels[name] = template["metadata"]["labels"]
        assert o["spec"]["selector"]["matchLabels"] == labels[name] == o["metadata"]["labels"], name
        container, ports = check_pod(name, template["spec"], configs)
        assert container["args"] == [name]
        if name != "redis":
            assert template["spec"]["terminationGracePeriodSeconds"] > drain + 5, name
            assert template["metadata"]["annotations"]["prometheus.io/port"] == str(ports["metrics"]), name
            check_settings(name, container, configs["peal-config"]["peal.conf"])
    assert len({tuple(x.items()) for x in labels.values()}) == len(labels), "two workloads with the same labels"
    for o in of(objects, "PodDisruptionBudget"):
        assert o["spec"]["selector"]["matchLabels"] in labels.values(), o["metadata"]["name"]
    for o in of(objects, "HorizontalPodAutoscaler"):
        assert o["spec"]["scaleTargetRef"]["name"] in labels and o["spec"]["minReplicas"] > 1, o["metadata"]["name"]
    for o in of(objects, "Service"):
        assert o["spec"]["selector"] in labels.values(), o["metadata"]["name"]


@flow("kubernetes.built", server=False, forms=("separate",))
def built(_):
    """kustomize, where there is one, builds the base and the one without Redis."""
    if not shutil.which("kubectl"):
        raise Skip("no kubectl here")
    for folder, redis in (("base", True), ("external-redis", False)):
        done = subprocess.run(["kubectl", "kustomize", os.path.join(os.path.dirname(BASE), folder)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        objects = list(yaml.safe_load_all(done.stdout))
        assert bool(of(objects, "StatefulSet")) == redis and len(of(objects, "Deployment")) == 4
        assert all(o["metadata"]["namespace"] == "peal" for o in objects if o["kind"] != "Namespace")
        images = {o["spec"]["template"]["spec"]["containers"][0]["image"] for o in of(objects, "Deployment", "DaemonSet", "StatefulSet")}
        assert len(images) == 1 and images.pop().startswith("registry.example.com/peal:"), "one image, and not the bare name"
