"""Two agents agree on a price by mail. Each knows only its own limit and what the other one wrote.

They must come to an end: a conversation of machines that goes on at this pace is held for a person after eight mails.
"""

import re

from agentpost import AgentPost

client = AgentPost()


class Agent:
    """Here a model would think: this one goes half of the way to what the other says, never beyond its limit."""

    def __init__(self, name: str, first: int, limit: int) -> None:
        self.inbox = client.inboxes.create(username=name, display_name=name.capitalize())
        self.offer = first
        self.limit = limit

    def answer_to(self, text: str) -> str:
        if "agree" in text:
            return ""
        theirs = int(re.findall(r"\d+", text)[0])
        halfway = (self.offer + theirs) // 2
        self.offer = min(halfway, self.limit) if self.offer < self.limit else max(halfway, self.limit)
        return f"I agree to {theirs}." if abs(theirs - self.offer) <= 10 else f"I offer {self.offer}."


def main() -> None:
    buyer, seller = Agent("buyer", 100, 180), Agent("seller", 240, 150)
    wait = client.waits.create(seller.inbox.id)
    client.messages.send(
        buyer.inbox.id, to=seller.inbox.email, subject="Your bicycle", text_body=f"I offer {buyer.offer}."
    )
    here, there = seller, buyer
    for _ in range(8):
        mail = client.waits.join(wait.id, timeout=60).message
        assert mail is not None
        assert mail.extracted_text is not None
        print(f"{there.inbox.display_name}: {mail.extracted_text.strip()}")
        if not (answer := here.answer_to(mail.extracted_text)):
            break
        wait = client.waits.create(there.inbox.id)
        client.messages.reply(mail.id, text_body=answer, idempotency_key=f"answer-{mail.id}")
        here, there = there, here


if __name__ == "__main__":
    main()
