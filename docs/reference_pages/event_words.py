"""What each type of event tells, in a sentence or two."""

from typing import Final

WORDS: Final = {
    "message.received": (
        "A mail arrived and stands in its thread. `extracted_text` holds its new words without quotes and "
        "signature. Blocked and held mail and spam never raise this event."
    ),
    "message.blocked": (
        "A filter rule kept a mail from the inbox, or it has the label `spam`: then `rule_id` is null. It stands in "
        "its thread all the same."
    ),
    "message.held": (
        "A message waits for a person: a send (`pending_approval`) until `approve_by`, or withheld mail (`held`), of "
        "which nothing but its ids is told."
    ),
    "message.approved": (
        "A waiting message was let go, by a person or, at its time, by its policy; `revision` is the one that goes."
    ),
    "message.cancelled": "A message was cancelled before it left.",
    "message.queued": "A send was stored and will leave as soon as it can.",
    "message.scheduled": "A send was stored for later.",
    "message.sent": "The transport took the mail for these recipients.",
    "message.delivered": "The receiving side confirmed that it has the mail.",
    "message.deferred": (
        "The mail could not be handed over yet, and will be tried again; `detail` says why: the receiving side asked "
        "for it, or the sender's domain is warming up or may not send now."
    ),
    "message.unknown": (
        "The call to the transport broke off where nobody can tell whether it took the mail. It is not sent again."
    ),
    "message.failed": "The mail could not be handed over, and will not be tried again.",
    "message.rejected": (
        "The mail was refused before it left: nobody else than suppressed recipients was named, a person said no "
        "(`approval_rejected`), nobody decided in time (`approval_expired`), or a policy or the transport refused it."
    ),
    "message.bounced": "A recipient's system refused the mail, at once or by a report.",
    "message.complained": "A recipient called the mail unwanted.",
    "message.opened": "A recipient opened the mail, where tracking was asked for.",
    "message.deleted": "A message was deleted.",
    "message.labels_changed": "Labels were added to a message or taken off.",
    "thread.created": (
        "A conversation began, with a message in this `direction`; `trust`, `authentication` and `flags` are that "
        "message's."
    ),
    "inbox.created": "An inbox was made.",
    "inbox.deleted": "An inbox was deleted. Its address is never given to anyone else.",
    "inbox.paused": (
        "No mail leaves from this inbox any more: somebody paused it, or its bounces or complaints of seven days went "
        "over the limit. The rates are in percent."
    ),
    "inbox.resumed": "The inbox may send again.",
    "draft.created": "A draft was made; with `status` `scheduled` it will be sent by itself.",
    "draft.updated": (
        "A draft was changed, or could not be sent at its time: then `status` is `failed`, and `failure` says why."
    ),
    "draft.deleted": "A draft was deleted.",
    "draft.sent": "A draft became a message.",
    "loop.detected": "Mail goes round between machines.",
    "domain.verified": "A domain's records are all there.",
    "domain.failed": "A domain's records are wrong or gone.",
    "webhook.disabled": "An endpoint is called no more.",
    "webhook.test": (
        "Sent by `POST /webhooks/{id}/test` to one endpoint, and nowhere else: it never stands in the log. A "
        "test delivery of any other type looks as below."
    ),
    "limit.reached": (
        "A limit is reached. `bounce_rate` and `complaint_rate` are in percent and a warning (`hard` is false): an "
        "inbox is over the rate that would pause it, with numbers too small to act on. Told once a day."
    ),
}
