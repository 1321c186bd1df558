"""Where the numbers of a service are, as its file says or leaves open."""

from blueprint.catalogue import Service
from blueprint.catalogue.off import OFF
from blueprint.catalogue.promising import Metrics

DEFAULT: tuple[str, str] = ("metrics", "/metrics")
"""The name of the port that is asked first, and the path."""


def metrics_of(service: Service) -> tuple[int, str] | None:
    """Port of the pods and path a scraper may ask; None where it asks nothing. Without a word of the owner only ports
    that speak http are asked: the one called metrics, else the first."""
    ports = service.spec.service.ports if service.spec.service else {}
    said, (name, path) = service.spec.observability.metrics, DEFAULT
    if isinstance(said, Metrics):
        return (ports[said.port].target, said.path) if said.port in ports else None
    spoken = [each for each in ports if ports[each].app_protocol == "http"]
    if said == OFF or not spoken:
        return None
    return ports[name if name in spoken else spoken[0]].target, path
