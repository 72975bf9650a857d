"""Every reason there is, with its weight and why it counts: docs/guides/screening.md has the same rows, held by a test.

Words that honest mail has too weigh little alone; several kinds of them close together, or in a place that people do
not read, weigh much.
"""

from typing import Final, NamedTuple


class Weight(NamedTuple):
    """`weight` is the share that it takes of what is left to 1."""

    weight: float
    reason: str


WEIGHTS: Final[dict[str, Weight]] = {
    # What is said.
    "overrides": Weight(0.5, "Asks to ignore earlier instructions, rules or prompts."),
    "addresses_model": Weight(0.4, "Speaks to an assistant, an agent or a language model."),
    "role_marker": Weight(0.5, "Has marks that chat models read as another speaker: `[INST]`, `SYSTEM:`."),
    "new_role": Weight(0.3, "Gives a new role, task or mode."),
    "asks_to_send": Weight(0.35, "Asks to send mails, secrets or lists to an address or URL."),
    "asks_for_mail": Weight(0.1, "Asks to send mails, secrets or lists; where to is not said."),
    "asks_for_secrets": Weight(0.25, "Asks to reveal passwords, keys, codes or the system prompt."),
    "asks_to_change": Weight(0.25, "Asks to change allow lists, webhooks, keys, filters or approvals."),
    "conceals": Weight(0.3, "Asks to keep something from the user, or not to ask them."),
    "steers_answer": Weight(0.2, "Says what a summary or an answer shall hold."),
    "claims_authority": Weight(0.15, "Speaks for a developer, a provider, an operator or a test."),
    "image_channel": Weight(0.3, "A picture or link in Markdown with a place for data in its address."),
    "several": Weight(0.3, "Two kinds of these stand close together."),
    "many": Weight(0.5, "Three kinds or more stand close together."),
    # Where it is said.
    "in_hidden": Weight(0.4, "Stands in text that people do not see."),
    "in_comment": Weight(0.4, "Stands in a comment of the HTML."),
    "in_attribute": Weight(0.4, "Stands in an alternative text, a title or another attribute."),
    "in_filename": Weight(0.4, "Stands in the name of a file."),
    "in_header": Weight(0.4, "Stands in a header field that people do not see, or in the sender's name."),
    "in_attachment": Weight(0.2, "Stands in a file."),
    "in_quoted": Weight(0.1, "Stands in what the mail quotes."),
    "encoded": Weight(0.5, "Was written in base64, hex, rot13, percent signs or unseen characters."),
    "hidden_text": Weight(0.1, "There is text that people do not see."),
    "spelt_unseen": Weight(0.4, "Unseen characters spell something."),
    # Who says it.
    "look_alike": Weight(0.3, "The sender's domain is drawn or spelt like another one."),
    "sender_claims": Weight(0.15, "The sender's name is an address of another domain."),
    "link_deceives": Weight(0.15, "A link shows one site and leads to another."),
    "forged": Weight(0.1, "DMARC failed: the domain in From did not send it."),
    # A helper.
    "model": Weight(1.0, "What the configured model said; it raises the score to its own and never lowers it."),
}
