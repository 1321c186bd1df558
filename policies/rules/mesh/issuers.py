"""Whose tokens a workload takes: those of the settings' issuers, by their keys, for the audiences they name, and nobody
else's."""

from collections.abc import Iterator

from blueprint.settings import Issuer
from policies.core.facts import Facts
from policies.core.rule import Breach
from policies.objects import Object, json_text
from policies.objects.values import View


def strangers(thing: Object, facts: Facts) -> Iterator[Breach]:
    """Where a RequestAuthentication trusts more than `identity.issuers` says. Silent where nothing is said."""
    known = {issuer.issuer: issuer for issuer in facts.settings.identity.issuers.values()} if facts.settings else {}
    if not known:
        return
    for rule in thing.spec["jwtRules"]:
        issuer = known.get(rule["issuer"].word)
        if issuer is None:
            yield Breach(rule["issuer"], "is no issuer of the settings")
            continue
        yield from _forgeries(rule, issuer)
        if issuer.audiences:
            wider = set(rule["audiences"].words) - set(issuer.audiences)
            if wider or rule["audiences"].is_empty:
                yield Breach(rule["audiences"], "takes tokens that are meant for somebody else")


def _forgeries(rule: View, issuer: Issuer) -> Iterator[Breach]:
    """Keys that are not the issuer's: whoever has them signs in its name."""
    address = rule["jwksUri"]
    if address.is_set and not address.word.startswith(f"{issuer.issuer.rstrip('/')}/"):
        yield Breach(address, "is not below the issuer's own address, so somebody else's keys sign in its name")
    theirs = {(key.kty, key.n, key.e) for key in issuer.jwks.keys}
    for key in json_text.parsed(rule["jwks"])["keys"]:
        if (key["kty"].word, key["n"].word, key["e"].word) not in theirs:
            yield Breach(key, "is no key the settings name for this issuer")
