"""An agent signs up somewhere: an address of its own, and the code that comes to it."""

from agentpost import AgentPost

client = AgentPost()


def press_the_button(email: str, inbox_id: str) -> None:
    """Here the agent would fill in a form. We play the service that answers it."""
    client.sandbox.deliver(
        inbox_id=inbox_id,
        from_address="no-reply@service.example",
        subject="Confirm your address",
        text_body=f"Hello {email}, your verification code is 482913. It is valid for ten minutes.",
    )


def main() -> None:
    inbox = client.inboxes.create(display_name="Sign-up agent")
    # Armed before the button is pressed: a mail that comes at once is not missed.
    wait = client.waits.create(inbox.id, from_="service.example", has_code=True)
    press_the_button(inbox.email, inbox.id)
    matched = client.waits.join(wait.id, timeout=60)
    code = max(matched.codes, key=lambda one: one.confidence)
    print(f"{inbox.email} got {code.value} ({code.purpose}, {code.confidence:.0%} sure)")


if __name__ == "__main__":
    main()
