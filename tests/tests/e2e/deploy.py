#!/usr/bin/env python3
"""Renders the kustomize base and validates it: schemas of Kubernetes, and what this project promises beside them.

    deploy.py KUSTOMIZE FOLDER

Ends with 'N passed, N failed'; the exit status is 1 when a check failed.
"""
import subprocess
import sys

import kubernetes_validate
import yaml

passed = failed = 0


def check(good, name, detail=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(("ok    " if good else "FAIL  ") + name + (f": {detail}" if detail and not good else ""))


def valid(resource):
    try:
        kubernetes_validate.validate(resource, kubernetes_validate.latest_version(), strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return str(error)
    return None


def deployment(resource, config):
    name, spec = resource["metadata"]["name"], resource["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    secure = container["securityContext"]
    check(spec["replicas"] == 1 and spec["strategy"]["type"] == "Recreate", f"{name}: one pod over one SQLite file")
    check("grpc" in container["readinessProbe"] and "grpc" in container["startupProbe"], f"{name}: gRPC probes")
    check(pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
          and not secure["allowPrivilegeEscalation"] and secure["readOnlyRootFilesystem"]
          and secure["capabilities"]["drop"] == ["ALL"], f"{name}: restricted")
    times = [int(config[key].rstrip("s")) for key in ("TAKT_DRAIN_DELAY", "TAKT_DRAIN_TIMEOUT")]
    check(pod["terminationGracePeriodSeconds"] > sum(times), f"{name}: the grace period covers the drain")
    check({v["name"] for v in pod["volumes"]} == {m["name"] for m in container["volumeMounts"]}, f"{name}: volumes are mounted")
    check(":" in container["image"] and not container["image"].endswith(":latest"), f"{name}: a fixed image",
          container["image"])
    check(spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items(), f"{name}: selects itself")


def main():
    kustomize, folder = sys.argv[1:]
    command = [kustomize, "build", folder] if not kustomize.endswith("kubectl") else [kustomize, "kustomize", folder]
    rendered = subprocess.run(command, capture_output=True, text=True, check=False)
    check(rendered.returncode == 0, "the base renders", rendered.stderr)
    resources = list(yaml.safe_load_all(rendered.stdout))
    by_kind = {}
    for resource in resources:
        by_kind.setdefault(resource["kind"], []).append(resource)
        error = valid(resource)
        check(error is None, f"{resource['kind']} {resource['metadata']['name']} is valid", error)
    for kind, count in (("Deployment", 3), ("Service", 3), ("PersistentVolumeClaim", 3), ("ConfigMap", 1)):
        check(len(by_kind.get(kind, [])) == count, f"{count} of {kind}")
    config = by_kind["ConfigMap"][0]["data"]
    ports = {service["metadata"]["name"]: service["spec"]["ports"][0]["port"] for service in by_kind.get("Service", [])}
    for peer in config["TAKT_PEERS"].split(","):
        name, url = peer.split("=", 1)
        host, port = url.removeprefix("http://").split(":")
        check(ports.get(host) == int(port) and host == f"takt-{name}", f"{name} is found where its Service is", url)
    for service in by_kind.get("Service", []):
        check(service["spec"]["clusterIP"] == "None", f"{service['metadata']['name']} is headless")
    for one in by_kind.get("Deployment", []):
        deployment(one, config)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
