"""Whose tokens a workload takes: those of the settings' issuers, for the audiences they name, and nobody else's."""

from collections.abc import Iterator

from policies.facts import Facts
from policies.objects import Object
from policies.rule import Breach


def strangers(thing: Object, facts: Facts) -> Iterator[Breach]:
    """Where a RequestAuthentication trusts more than `identity.issuers` says. Silent where nothing is said."""
    known = {issuer.issuer: issuer for issuer in facts.settings.identity.issuers.values()} if facts.settings else {}
    if not known:
        return
    for rule in thing.spec["jwtRules"]:
        issuer = known.get(rule["issuer"].word)
        if issuer is None:
            yield Breach(rule["issuer"], "is no issuer of the settings")
        elif issuer.audiences:
            wider = set(rule["audiences"].words) - set(issuer.audiences)
            if wider or rule["audiences"].is_empty:
                yield Breach(rule["audiences"], "takes tokens that are meant for somebody else")
