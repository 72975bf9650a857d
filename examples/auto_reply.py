"""A worker that answers what comes in. Start as many as you like: each mail is leased to one of them."""

from agentpost import AgentPost
from agentpost.types import Message

client = AgentPost()


def answer_to(message: Message) -> str:
    """Here a model would think. `extracted_text` is what is new in the mail, without quotes and signature."""
    return f"Thank you for writing about {message.subject!r}. You said: {message.extracted_text}"


def main() -> None:
    inbox = client.inboxes.create(username="hello", client_id="example-auto-reply")
    # Somebody writes, so that there is something to do.
    wait = client.waits.create(inbox.id, exclusive=False)
    client.sandbox.deliver(
        inbox_id=inbox.id, from_address="ann@example.com", subject="Opening hours", text_body="Are you open on Sunday?"
    )
    client.waits.join(wait.id, timeout=60)
    with client.inboxes.work(inbox.id, filters={"unread": True}, until_empty=True) as work:
        for message in work:
            # Out-of-office notes and lists are never answered: the server refuses, and says why.
            reply = client.messages.reply(
                message.id, text_body=answer_to(message), unattended=True, idempotency_key=f"answer-{message.id}"
            )
            client.messages.remove_labels(message.id, labels=["unread"])
            print(f"{message.from_address.email}: {reply.subject}")


if __name__ == "__main__":
    main()
