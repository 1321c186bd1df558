"""Checks on the channels between services: one publisher each, nobody waiting for messages that never come."""

from collections.abc import Iterator

from blueprint.quantities import seconds
from blueprint.reading.problems import Problem, valid
from blueprint.reading.view import View


def _publishers(view: View) -> dict[str, list[tuple[str, int]]]:
    """Channel → its publishers as (service, position in `events.publishes`)."""
    found: dict[str, list[tuple[str, int]]] = {}
    for name, service in sorted(view.services.items()):
        for index, publish in enumerate(service.spec.events.publishes):
            found.setdefault(publish.channel, []).append((name, index))
    return found


def channels(view: View) -> Iterator[Problem]:
    """Every channel has one publisher, every subscription a channel."""
    publishers = _publishers(view)
    for channel, owners in sorted(publishers.items()):
        first, position = owners[0]
        for name, index in owners[1:]:
            cause = (
                f"'{channel}' is already published at {view.where(first, 'events', 'publishes', position, 'channel')}"
            )
            cure = "A channel has one publisher, who answers for its schema: publish to a channel of your own"
            yield view.problem(name, ("events", "publishes", index, "channel"), cause, cure)
    for name, service in sorted(view.services.items()):
        for index, subscribe in enumerate(service.spec.events.subscribes):
            if subscribe.channel not in publishers and not view.unread:
                cause = f"subscribes to '{subscribe.channel}', which no service publishes"
                place = ("events", "subscribes", index, "channel")
                yield view.problem(name, place, cause, valid(subscribe.channel, publishers))


def dead_letters(view: View) -> Iterator[Problem]:
    """A dead letter outlives its channel and has a channel of its own."""
    publishers = _publishers(view)
    for name, service in sorted(view.services.items()):
        for index, subscribe in enumerate(service.spec.events.subscribes):
            letters = subscribe.dead_letter
            if letters is None:
                continue
            place = ("events", "subscribes", index, "deadLetter")
            if letters.channel in publishers:
                cause = f"'{letters.channel}' is also published, so dead letters would be taken for messages"
                yield view.problem(
                    name, (*place, "channel"), cause, f"Name it {subscribe.channel}.{subscribe.group}.dlq"
                )
            for owner, position in publishers.get(subscribe.channel, ())[:1]:
                kept = view.services[owner].spec.events.publishes[position].retention
                if seconds(letters.retention) < seconds(kept):
                    cause = f"keeps dead letters {letters.retention}, but {subscribe.channel} keeps messages {kept}"
                    yield view.problem(name, (*place, "retention"), cause, f"Keep them at least {kept}")
