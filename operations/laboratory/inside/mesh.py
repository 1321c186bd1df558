"""Requests through a mesh of real proxies: istiod, an Envoy per pod, and applications that answer behind them."""

from __future__ import annotations

import http
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from operations.engine import Toolchain
from operations.laboratory.inside import injecting, istiod, memory, names
from operations.laboratory.inside.api_server import ApiServer
from operations.laboratory.inside.applications import Applications
from operations.laboratory.inside.events import Events
from operations.laboratory.inside.failing import FailedError
from operations.laboratory.inside.links import NODE_ADDRESS, Link, connect
from operations.laboratory.inside.proxies import Proxied, Proxies
from operations.laboratory.inside.requesting import ask_all

_TOKEN: Final = {"spec": {"audiences": ["istio-ca"], "expirationSeconds": 3600}}
_ROOT: Final = "/api/v1/namespaces/istio-system/configmaps/istio-ca-root-cert"
_ROOT_SECONDS: Final = 30.0
"""Istiod writes its certificate right after its start."""
_EVERY: Final = 100
"""Questions between two words about how far it is."""


def observe(job: Mapping[str, Any], events: Events) -> Mapping[str, Any]:
    """Does `job`: `members`, `names`, `definitions`, `objects`, `mesh`, `environment`, `injection`, `scenes`, `tools`,
    `service_range`. See `operations.laboratory.mesh`.

    Raises:
        FailedError: the laboratory does not work, so that nothing was observed.
    """
    started, folder = time.monotonic(), Path("/run/laboratory")
    laboratory = Laboratory(job, folder)
    events.fact(f"{len(job['objects'])} objects copied after {time.monotonic() - started:.1f} s")
    proxies = laboratory.start_proxies()
    events.fact(f"istiod and {proxies} proxies ready after {time.monotonic() - started:.1f} s")
    counted = events.counting(sum(len(scene["questions"]) for scene in job["scenes"]), "questions", _EVERY)
    answers = [answer for scene in job["scenes"] for answer in laboratory.play(scene, counted)]
    return {
        "answers": answers,
        "admissions": laboratory.inject(),
        "proxies": proxies,
        "memory_bytes": memory.held_bytes(),
        "seconds": round(time.monotonic() - started, 1),
    }


class Laboratory:
    """The hosts, the API server with the copies, and what answers."""

    def __init__(self, job: Mapping[str, Any], folder: Path) -> None:
        self._job, self._folder = job, folder
        self._tools = {name: Path(path) for name, path in job["tools"].items()}
        try:
            self._links = connect([member["address"] for member in job["members"]])
        except subprocess.CalledProcessError as error:
            raise FailedError(f"the hosts cannot be made: {error.stderr}") from error
        folder.mkdir(parents=True, exist_ok=True)
        names.serve({istiod.HOST: NODE_ADDRESS, **job["names"]}, folder)
        self._applications = Applications()
        for link, member in self._with_links():
            self._applications.listen(link, member["name"], member["ports"])
        toolchain = Toolchain(tools=self._tools, origin={})
        # PodSecurity looks at what is injected later; the copies' namespaces have no labels for it until then.
        self._api = ApiServer(
            folder / "api-server", toolchain, without=("ServiceAccount",), service_range=job["service_range"]
        )
        self._api.define(job["definitions"])
        self._api.create(job["objects"])

    def start_proxies(self) -> int:
        """Starts istiod and every proxy, and waits until all are ready; how many proxies."""
        job = self._job
        istiod.start(
            self._tools["pilot-discovery"],
            self._api.kubeconfig,
            self._folder / "istiod",
            mesh=job["mesh"],
            environment=job["environment"],
            injector={key: job["injection"][key] for key in ("config", "values")} if job["injection"] else {},
        )
        self._proxies = Proxies(
            self._folder / "proxies", self._tools, root=self._root(), trust_domain=job["mesh"]["trustDomain"]
        )
        proxied = [(link, member) for link, member in self._with_links() if member["proxied"]]
        for link, member in proxied:
            self._proxies.start(Proxied(link, member["pod"], self._token(member["pod"]), router=member["router"]))
        self._proxies.await_all()
        return len(proxied)

    def play(self, scene: Mapping[str, Any], answered: Callable[[], None]) -> list[Mapping[str, Any]]:
        """Makes the objects what `scene` says, and asks its questions."""
        before = self._proxies.updates()
        self._api.create(scene["created"])
        for made in scene["replaced"]:
            self._api.replace(made)
        if scene["created"] or scene["replaced"]:
            self._proxies.await_known(before)
        return self._ask(scene["questions"], answered)

    def inject(self) -> list[Mapping[str, Any]]:
        """Asks for pods that istiod puts a proxy into; from then on it does so with every pod."""
        return injecting.inject(self._job["injection"], self._api) if self._job["injection"] else []

    def _ask(self, questions: Sequence[Mapping[str, Any]], answered: Callable[[], None]) -> list[Mapping[str, Any]]:
        """Asks `questions`; each answer has `tries`, the pods that a counted question came to."""
        found = ask_all(self._links, questions, answered)
        numbers = [(question.get("behaviour") or {}).get("id", "") for question in questions]
        return [
            {**answer, "tries": self._applications.tries(number)} if number else answer
            for answer, number in zip(found, numbers, strict=True)
        ]

    def _with_links(self) -> list[tuple[Link, Mapping[str, Any]]]:
        return list(zip(self._links, self._job["members"], strict=True))

    def _token(self, pod: Mapping[str, Any]) -> str:
        namespace, account = pod["metadata"]["namespace"], pod["spec"]["serviceAccountName"]
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        status, answer = self._api.ask(
            "POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", **_TOKEN}
        )
        if status != http.HTTPStatus.CREATED:
            raise FailedError(f"there is no token for {namespace}/{account}: {answer.get('message', answer)}")
        return str(answer["status"]["token"])

    def _root(self) -> str:
        deadline = time.monotonic() + _ROOT_SECONDS
        while time.monotonic() < deadline:
            status, answer = self._api.ask("GET", _ROOT)
            if status == http.HTTPStatus.OK:
                return str(answer["data"]["root-cert.pem"])
            time.sleep(0.1)
        raise FailedError("istiod has written no certificate by which proxies could know it")
