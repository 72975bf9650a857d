"""The score of a mail by rules: what is said to a model, where, in which disguise, and by whom. Pure and bounded."""

from collections.abc import Iterable, Iterator
from typing import Final

from agentpost_server.mail.hidden import Hidden, find_hidden
from agentpost_server.mail.html.body import HtmlBody
from agentpost_server.mail.parsed import ParsedMail
from agentpost_server.screening.injection.claims import claims
from agentpost_server.screening.injection.decode import decoded, turned
from agentpost_server.screening.injection.model import Factor, Judgement, Where, judgement_of
from agentpost_server.screening.injection.places import Place, places_of
from agentpost_server.screening.injection.speech import Text, closest, kinds_in
from agentpost_server.screening.injection.weights import WEIGHTS

# Where words stand adds to what they say, once something is said at all.
_PLACES: Final[dict[Where, str]] = {
    "hidden": "in_hidden",
    "comment": "in_comment",
    "attribute": "in_attribute",
    "filename": "in_filename",
    "header": "in_header",
    "sender": "in_header",
    "attachment": "in_attachment",
    "quoted": "in_quoted",
}
_MILD: Final = frozenset({"claims_authority", "steers_answer", "image_channel", "asks_for_mail", "new_role"})


def look(
    parsed: ParsedMail,
    spam_factors: Iterable[str],
    authentication: dict[str, object],
    *,
    new_text: str | None = None,
    body: HtmlBody | None = None,
    hidden: tuple[Hidden, ...] | None = None,
) -> Judgement:
    """`spam_factors`: names of the spam rules that were met, for those about names and links are signs here, too.
    `new_text`, `body` and `hidden`: the new words of the text body, the HTML, and what both bodies hide, where they
    are known already."""
    if body is None and parsed.html_body:
        body = HtmlBody(parsed.html_body)
    if hidden is None:
        hidden = find_hidden(body, parsed.text_body)
    places = places_of(parsed, body, hidden, new_text)
    found: dict[str, Factor] = {}
    for place in places:
        for name in _said(place):
            found.setdefault(name, _factor(name, place.where))
    for name, where in (*_hiding(hidden), *claims(parsed, spam_factors, authentication)):
        found.setdefault(name, _factor(name, where))
    return judgement_of(list(found.values()))


def look_at_file(text: str) -> list[Factor]:
    """What the text of an attached file says, once it was read."""
    said = _said(Place("attachment", text)) if text.strip() else []
    return [_factor(name, "attachment") for name in dict.fromkeys(said)]


def _factor(name: str, where: Where) -> Factor:
    return Factor(name, WEIGHTS[name].weight, where)


def _said(place: Place) -> list[str]:
    """The names of what one place says; in clear, and in disguise."""
    text = Text(place.text)
    names = _speech(place, kinds_in(text))
    for other in decoded(place.text):
        if disguised := _speech(place, kinds_in(Text(other))):
            names += [*disguised, "encoded"]
    if text.places("turned"):
        kinds = kinds_in(Text(turned(place.text)))
        if len(kinds) > 1 and not kinds.keys() <= _MILD:
            names += [*_speech(place, kinds), "encoded"]
    return names


def _speech(place: Place, kinds: dict[str, list[int]]) -> list[str]:
    names = list(kinds)
    together = closest(kinds) if len(kinds) > 1 else len(kinds)
    if together >= 2:
        names.append("several")
    if together >= 3:
        names.append("many")
    if names and place.where in _PLACES and (together >= 2 or not kinds.keys() <= _MILD):
        names.append(_PLACES[place.where])
    return names


def _hiding(hidden: tuple[Hidden, ...]) -> Iterator[tuple[str, Where]]:
    for one in hidden:
        if one.way in ("tag_characters", "variation_selectors") and one.speaks:
            yield "spelt_unseen", "hidden"
        elif one.speaks and one.way not in ("comment", "title", "unread"):
            yield "hidden_text", "hidden"
