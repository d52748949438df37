"""The manifests for Kubernetes: valid by its schemas, of the restricted profile, and such that they fit each other."""

from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest

from moorline.http.proxy import MAX_BODY_BYTES
from moorline.settings import PREFIX
from moorline.vault import new_key
from tests.deploy.files import COMMANDS, CONNECTIONS, DEPLOY, LONGEST_STOP_S, documents, settings_of

FOLDER = DEPLOY / "kubernetes"
VERSIONS = ("1.31.0", "1.35.0")
EXAMPLE = "secret.example.yaml"
CONTROL = "kustomization.yaml"


def manifests(*, example: bool = False) -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.name != CONTROL and (example or path.name != EXAMPLE):
            yield from documents(path)


def of_kind(kind: str) -> list[Any]:
    return [one for one in manifests(example=True) if one["kind"] == kind]


def pods() -> dict[str, Any]:
    """The pod templates, by the component they are."""
    templates = [one["spec"]["template"] for kind in ("Deployment", "Job") for one in of_kind(kind)]
    return {one["metadata"]["labels"]["app.kubernetes.io/component"]: one for one in templates}


def containers(pod: Any) -> list[Any]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_what_kubernetes_allows(version: str) -> None:
    found = list(manifests(example=True))
    assert len(found) >= 12
    for one in found:
        kubernetes_validate.validate(one, version, strict=True)


def test_every_manifest_but_the_example_is_applied() -> None:
    (control,) = documents(FOLDER / CONTROL)
    assert set(control["resources"]) == {path.name for path in FOLDER.glob("*.yaml")} - {CONTROL, EXAMPLE}
    assert [image["name"] for image in control["images"]] == ["moorline"]
    assert {one["image"] for pod in pods().values() for one in containers(pod)} == {"moorline"}


def test_everything_lies_in_the_namespace_that_enforces_the_restricted_profile() -> None:
    (control,) = documents(FOLDER / CONTROL)
    (namespace,) = of_kind("Namespace")
    assert namespace["metadata"]["name"] == control["namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("component", ["serve", "worker", "migrate"])
def test_every_pod_has_the_restricted_profile_and_a_root_nobody_writes(component: str) -> None:
    pod = pods()[component]["spec"]
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & set(pod)
    for one in containers(pods()[component]):
        own = one["securityContext"]
        assert own["allowPrivilegeEscalation"] is False
        assert own["readOnlyRootFilesystem"] is True
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert one["resources"]["requests"]["cpu"]
        assert one["resources"]["limits"]["memory"]


@pytest.mark.parametrize("component", ["serve", "worker", "migrate"])
def test_no_pod_is_given_variables_of_services(component: str) -> None:
    # A Service named moorline would bring MOORLINE_PORT=tcp://…, and MOORLINE_SERVICE_HOST, which is no setting.
    assert pods()[component]["spec"]["enableServiceLinks"] is False


def given_settings() -> dict[str, str]:
    """What every container has in its environment, with a key in place of the example's none."""
    (config,), (secret,) = of_kind("ConfigMap"), of_kind("Secret")
    return {**config["data"], **secret["stringData"], "MOORLINE_ENCRYPTION_KEYS": new_key()}


def test_the_settings_are_such_as_the_program_takes_and_every_container_has_them() -> None:
    (config,), (secret,) = of_kind("ConfigMap"), of_kind("Secret")
    given = given_settings()
    assert all(name.startswith(PREFIX) for name in given)
    settings = settings_of(given)
    assert settings.background is False
    assert settings.trusted_proxies == 1
    wanted = [
        {"configMapRef": {"name": config["metadata"]["name"]}},
        {"secretRef": {"name": secret["metadata"]["name"]}},
    ]
    for pod in pods().values():
        assert [one["envFrom"] for one in containers(pod)] == [wanted] * len(containers(pod))


def test_no_secret_is_in_the_example() -> None:
    (secret,) = of_kind("Secret")
    assert secret["stringData"]["MOORLINE_ENCRYPTION_KEYS"] == secret["stringData"]["MOORLINE_METRICS_TOKEN"] == ""
    assert ":PASSWORD@" in secret["stringData"]["MOORLINE_DATABASE_URL"]


def test_each_pod_runs_its_command() -> None:
    for component, pod in pods().items():
        (one,) = pod["spec"]["containers"]
        assert one["args"] == [component]
        assert component in COMMANDS


def test_a_server_is_asked_whether_it_lives_and_whether_it_is_ready_and_drains_at_its_end() -> None:
    pod = pods()["serve"]["spec"]
    (one,) = pod["containers"]
    ports = {port["name"]: port["containerPort"] for port in one["ports"]}
    settings = settings_of(given_settings())
    assert ports == {"http": settings.port, "metrics": settings.metrics_port}
    for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert one[probe]["httpGet"] == {"path": path, "port": "http"}
    pause_s = int(one["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause_s + LONGEST_STOP_S
    assert pods()["worker"]["spec"]["terminationGracePeriodSeconds"] > LONGEST_STOP_S


def test_a_worker_is_asked_whether_it_works_where_it_answers_and_not_killed_by_one_bad_moment() -> None:
    (one,) = pods()["worker"]["spec"]["containers"]
    settings = settings_of(given_settings())
    assert {port["name"]: port["containerPort"] for port in one["ports"]} == {"metrics": settings.metrics_port}
    assert settings.metrics_host == "0.0.0.0"  # noqa: S104 - a node asks from outside; network.yaml keeps others off
    for probe in ("startupProbe", "livenessProbe"):
        assert one[probe]["httpGet"] == {"path": "/healthz", "port": "metrics"}
    assert one["livenessProbe"]["periodSeconds"] * one["livenessProbe"]["failureThreshold"] >= 60
    assert "readinessProbe" not in one, "nobody sends it anything"


def test_servers_and_workers_wait_for_the_schema() -> None:
    for component in ("serve", "worker"):
        (waiting,) = pods()[component]["spec"]["initContainers"]
        assert waiting["command"][:2] == ["sh", "-c"]
        assert "moorline doctor" in waiting["command"][2]
        assert "doctor" in COMMANDS


def test_selectors_find_their_pods_and_nobody_elses() -> None:
    labels = {component: pod["metadata"]["labels"] for component, pod in pods().items()}

    def found_by(selector: dict[str, str]) -> set[str]:
        return {name for name, own in labels.items() if selector.items() <= own.items()}

    (service,) = of_kind("Service")
    assert found_by(service["spec"]["selector"]) == {"serve"}
    for one in of_kind("Deployment"):
        component = one["metadata"]["labels"]["app.kubernetes.io/component"]
        assert found_by(one["spec"]["selector"]["matchLabels"]) == {component}
        (spread,) = one["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert found_by(spread["labelSelector"]["matchLabels"]) == {component}
    budgets = [found_by(one["spec"]["selector"]["matchLabels"]) for one in of_kind("PodDisruptionBudget")]
    assert budgets == [{"serve"}, {"worker"}]
    policies = {one["metadata"]["name"]: one["spec"] for one in of_kind("NetworkPolicy")}
    assert found_by(policies["moorline"]["podSelector"]["matchLabels"]) == set(labels)
    assert policies["moorline"]["ingress"] == [], "nobody, unless another policy says so"
    assert found_by(policies["moorline-serve"]["podSelector"]["matchLabels"]) == {"serve"}
    assert found_by(policies["moorline-metrics"]["podSelector"]["matchLabels"]) == set(labels)


def test_each_port_is_open_to_one_namespace() -> None:
    opened = [
        (port["port"], source["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"])
        for one in of_kind("NetworkPolicy")
        for rule in one["spec"].get("ingress", [])
        for source in rule["from"]
        for port in rule["ports"]
    ]
    assert opened == [("http", "ingress-nginx"), ("metrics", "monitoring")]


def test_the_way_in_leads_to_the_servers_under_the_public_address() -> None:
    (ingress,), (service,), (config,) = of_kind("Ingress"), of_kind("Service"), of_kind("ConfigMap")
    (rule,) = ingress["spec"]["rules"]
    assert config["data"]["MOORLINE_PUBLIC_URL"] == f"https://{rule['host']}"
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"] == {"name": service["metadata"]["name"], "port": {"name": "http"}}
    assert [port["targetPort"] for port in service["spec"]["ports"]] == ["http"]


def test_s30_the_way_in_logs_no_addresses_and_takes_every_body_that_the_servers_take() -> None:
    (ingress,) = of_kind("Ingress")
    assert ingress["metadata"]["annotations"] == {
        "nginx.ingress.kubernetes.io/enable-access-log": "false",
        "nginx.ingress.kubernetes.io/proxy-body-size": f"{MAX_BODY_BYTES // 1024**2}m",
    }


def test_as_many_servers_as_there_may_be_fit_into_the_connections_of_a_usual_postgresql() -> None:
    (scaled,) = of_kind("HorizontalPodAutoscaler")
    deployments = {one["metadata"]["name"]: one for one in of_kind("Deployment")}
    target = deployments[scaled["spec"]["scaleTargetRef"]["name"]]
    assert "replicas" not in target["spec"], "the number would fall back with every apply"
    workers = deployments["moorline-worker"]["spec"]["replicas"]
    assert (scaled["spec"]["maxReplicas"] + workers) * CONNECTIONS <= 100
    assert scaled["spec"]["minReplicas"] >= 2
