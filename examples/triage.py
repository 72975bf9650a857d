"""Support: an agent reads and answers, and a person lets each answer go, or changes it first.

The agent's key may send and not approve. The policy holds what it sends; whoever has the other key decides.
"""

from agentpost import AgentPost

people = AgentPost()


def main() -> None:
    inbox = people.inboxes.create(username="support")
    people.policies.create(
        name="A person reads every answer",
        kind="approval",
        scope="inbox",
        inbox_id=inbox.id,
        rules={"when": ["always"]},
    )
    key = people.api_keys.create(
        name="triage agent",
        scopes=["messages:read", "messages:send", "messages:write", "threads:read"],
        inbox_ids=[inbox.id],
    ).key
    agent = AgentPost(key, base_url=people.settings.base_url)

    # A customer writes.
    wait = agent.waits.create(inbox.id)
    people.sandbox.deliver(
        inbox_id=inbox.id, from_address="ann@example.com", subject="Refund", text_body="I want my 20 euros back."
    )
    mail = agent.waits.join(wait.id, timeout=60).message
    assert mail is not None

    # The agent sorts it and answers.
    agent.messages.add_labels(mail.id, labels=["billing"])
    answer = agent.messages.reply(mail.id, text_body="You get 2,000 euros.", based_on=[mail.id])
    print(f"the agent's answer is {answer.status}")

    # The person looks, corrects, approves.
    held = people.messages.get(answer.id)
    assert held.hold is not None
    assert held.hold.revision is not None
    sent = people.messages.approve(
        held.id, revision=held.hold.revision, changes={"text_body": "You get your 20 euros back today."}
    )
    print(f"after a person it is {sent.status}: {people.messages.get(sent.id).text_body}")


if __name__ == "__main__":
    main()
