"""Every reason there is, with its weight and why it counts: docs/guides/spam.md has the same rows, held by a test.

No rule looks at what a mail is about, only at how it is made. What ordinary mail does too weighs little, so that it
takes several to reach the default threshold of 5.
"""

from typing import Final, NamedTuple


class Rule(NamedTuple):
    """`weight` is added to the score; below zero it speaks for the mail."""

    weight: float
    reason: str


RULES: Final[dict[str, Rule]] = {
    "gtube": Rule(1000, "The standard test string of spam filters stands in the body."),
    # Authentication, where it was checked.
    "dmarc_fail": Rule(2.5, "DMARC failed: the domain in From did not send it."),
    "spf_fail": Rule(1.5, "SPF failed: the client may not send for the envelope's domain."),
    "dkim_fail": Rule(0.5, "A DKIM signature did not verify."),
    "aligned": Rule(-1.0, "DMARC passed: the domain in From really sent it."),
    # Header fields.
    "message_id_missing": Rule(0.7, "Message-ID is missing."),
    "date_missing": Rule(0.7, "Date is missing or no date."),
    "date_future": Rule(2.0, "Date is more than a day after the arrival."),
    "date_past": Rule(1.5, "Date is more than 30 days before the arrival."),
    "from_missing": Rule(1.0, "From is missing or names nobody."),
    "from_without_domain": Rule(0.8, "The address in From has no domain with a dot."),
    "from_several": Rule(2.0, "From stands there twice, or has several authors and no Sender."),
    "from_name_deceives": Rule(2.5, "The name in From is an address of another domain."),
    "from_is_recipient": Rule(2.5, "It came from outside in the name of the inbox that it is for."),
    "mixed_script": Rule(3.0, "The domain in From is drawn to look like another."),
    "reply_to_other_freemail": Rule(2.5, "From is at one free mail service, Reply-To at another."),
    "reply_to_freemail": Rule(1.0, "Reply-To is at a free mail service, From is not."),
    "recipients_missing": Rule(0.7, "To and Cc are missing, or hide who got it."),
    "bulk_without_list": Rule(1.0, "Precedence says bulk, and no field says how to leave."),
    "helo_unqualified": Rule(0.5, "The client called itself a name without a domain."),
    "format_broken": Rule(0.8, "It breaks the format in three ways or more."),
    # Subject.
    "subject_capitals": Rule(1.0, "The subject is all capitals."),
    "subject_spaced": Rule(3.0, "The subject has words with a gap after each letter."),
    "subject_cries": Rule(1.0, "The subject has `!!` or `$$`."),
    "subject_fake_reply": Rule(1.0, "The subject says Re:, and no field says to what."),
    # Bodies.
    "empty": Rule(0.5, "There is no subject, no word and no file."),
    "bare_link": Rule(2.5, "No subject, and hardly anything but a link or a picture."),
    "disguised_words": Rule(3.0, "Words mix Latin letters with look-alikes of another script."),
    "split_words": Rule(3.0, "Words are cut by characters that nobody sees."),
    "html_only": Rule(0.3, "There is HTML and no plain text."),
    "hidden_text": Rule(2.0, "The HTML hides much text from its reader."),
    "picture_only": Rule(2.0, "Little but a linked picture from elsewhere."),
    "many_links_few_words": Rule(1.5, "Five links or more, and fewer than four words for each."),
    "link_deceives": Rule(3.0, "A link shows one site and leads to another; neither is the author's."),
    "link_tracked": Rule(0.5, "A link shows one site and leads to another, as mail of lists and shops does."),
    "link_to_number": Rule(2.0, "A link leads to an IP address."),
    "link_with_user": Rule(2.5, "A link has a user name in front of its host."),
    "link_mixed_script": Rule(2.5, "A link leads to a domain that is drawn to look like another."),
    "asks_password": Rule(4.0, "The HTML asks for a password."),
    "form": Rule(1.0, "The HTML has a form."),
    # Files.
    "executable": Rule(3.5, "A file that runs when it is opened."),
    "executable_disguised": Rule(5.0, "A file that runs, named as if it were a document."),
    "type_mismatch": Rule(1.5, "A file is not what the mail says it is."),
    "encrypted_archive": Rule(2.0, "An archive that no scanner can look into."),
    "macro": Rule(1.5, "An office file with macros."),
    "page_attached": Rule(1.0, "A web page as a file."),
}
