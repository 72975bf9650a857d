"""The Terraform files: they parse, the server may do what its code calls and nothing else, only SES may write mail."""

import json
import re
from pathlib import Path
from typing import Any

import hcl2
import msgspec
import pytest

from agentpost_server.outbound.decode import ses as decode
from agentpost_server.settings import Settings
from deploy.aws_calls import ACTIONS, OBJECT_ACTIONS, blob_calls, called_operations, mail_calls

FOLDER = Path(__file__).parents[3] / "deploy" / "terraform"
FILES = sorted(FOLDER.glob("*.tf"))


def plain(value: Any) -> Any:
    """The parser's values without the quotation marks that it keeps."""
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.strip('"') if isinstance(value, str) else value


def blocks(kind: str, wanted: str = "") -> dict[str, Any]:
    """Variables, outputs, or resources and data of one type, by name."""
    found: dict[str, Any] = {}
    for path in FILES:
        for block in plain(hcl2.loads(path.read_text(encoding="utf-8"))).get(kind, []):
            for name, body in block.items():
                if not wanted:
                    found[name] = body
                elif name == wanted:
                    found |= body
    return found


DOCUMENTS: dict[str, list[dict[str, Any]]] = {
    name: body["statement"] for name, body in blocks("data", "aws_iam_policy_document").items()
}
SERVER = {statement["sid"]: statement for statement in DOCUMENTS["server"]}


def allowed(part: str) -> set[str]:
    """Actions that the server may do to what has `part` in its name."""
    return {action for one in SERVER.values() if part in json.dumps(one["resources"]) for action in one["actions"]}


def test_every_call_of_our_code_has_its_actions_in_the_table() -> None:
    assert called_operations() == ACTIONS.keys()
    assert mail_calls() | blob_calls() <= OBJECT_ACTIONS.keys()


def test_the_server_may_do_what_its_code_calls_and_nothing_else() -> None:
    granted = {action for one in SERVER.values() for action in one["actions"]}
    called = set().union(*(ACTIONS[one] for one in called_operations()))
    assert {one for one in granted if not one.startswith("s3:")} == called


@pytest.mark.parametrize(
    ("part", "calls"), [("aws_s3_bucket.mail.", mail_calls()), ("aws_s3_bucket.blobs.", blob_calls())]
)
def test_each_bucket_is_open_to_what_its_provider_calls(part: str, calls: set[str]) -> None:
    assert calls
    assert allowed(part) == {"s3:ListBucket"}.union(*(OBJECT_ACTIONS[one] for one in calls))


def test_nothing_is_allowed_by_a_wildcard() -> None:
    for name, statements in DOCUMENTS.items():
        for statement in statements:
            if statement.get("effect") == "Deny":
                continue
            assert not [one for one in statement["actions"] if "*" in one], name
            # The one action among them that Amazon ties to no resource.
            assert "*" not in statement["resources"] or statement["actions"] == ["ses:GetAccount"], name
            assert statement.get("principals") or name == "server"
            for principals in statement.get("principals", []):
                assert principals["type"] == "Service", name
                assert statement["condition"], f"{name}: any account's {principals['identifiers']} could call"


def test_objects_are_open_below_their_prefix_only() -> None:
    assert SERVER["ReadReceivedMail"]["resources"] == ["${aws_s3_bucket.mail.arn}/mail/*"]
    assert SERVER["KeepBlobs"]["resources"] == ["${aws_s3_bucket.blobs.arn}/blobs/*"]
    settings = blocks("output")["settings"]["value"]
    assert settings["AGENTPOST_SES_INBOUND_BUCKET"].endswith("}/mail")
    assert settings["AGENTPOST_BLOB_URL"].endswith("}/blobs")
    (rule,) = blocks("resource", "aws_ses_receipt_rule").values()
    assert rule["s3_action"][0]["object_key_prefix"] == "mail/"


def test_only_ses_may_write_received_mail() -> None:
    writes, denies, _ = DOCUMENTS["mail_bucket"]
    assert writes["principals"] == [{"type": "Service", "identifiers": ["ses.amazonaws.com"]}]
    assert {one["variable"] for one in writes["condition"]} == {"aws:SourceAccount", "aws:SourceArn"}
    assert denies["effect"] == "Deny"
    assert denies["actions"] == ["s3:PutObject"]
    assert denies["resources"] == ["${aws_s3_bucket.mail.arn}/*"]
    assert denies["condition"] == [{"test": "Bool", "variable": "aws:PrincipalIsAWSService", "values": ["false"]}]


def test_only_our_topics_may_fill_the_queue_and_only_ses_our_topics() -> None:
    (sends,) = DOCUMENTS["queue"]
    assert sends["actions"] == ["sqs:SendMessage"]
    assert sends["condition"][0]["test"] == "ArnEquals"
    assert sends["condition"][0]["variable"] == "aws:SourceArn"
    assert all("aws_sns_topic.ses" in one for one in sends["condition"][0]["values"])
    (publishes,) = DOCUMENTS["topic"]
    assert publishes["principals"] == [{"type": "Service", "identifiers": ["ses.amazonaws.com"]}]
    assert {one["variable"] for one in publishes["condition"]} == {"aws:SourceAccount", "aws:SourceArn"}


def test_the_queue_puts_aside_what_cannot_be_taken() -> None:
    queue = blocks("resource", "aws_sqs_queue")["ses"]
    assert "maxReceiveCount = 10" in queue["redrive_policy"]
    assert "aws_sqs_queue.put_aside.arn" in queue["redrive_policy"]


def test_notifications_keep_their_signature() -> None:
    (subscription,) = blocks("resource", "aws_sns_topic_subscription").values()
    assert subscription["protocol"] == "sqs"
    assert subscription["raw_message_delivery"] is False


def test_events_are_those_that_we_understand() -> None:
    (destination,) = blocks("resource", "aws_sesv2_configuration_set_event_destination").values()
    asked = destination["event_destination"][0]["matching_event_types"]
    assert {"BOUNCE", "COMPLAINT", "DELIVERY", "REJECT"} <= set(asked)
    for kind in asked:
        assert decode.told({"eventType": kind.title().replace("_", ""), "mail": {}}), kind


def test_buckets_are_closed_encrypted_and_tidied() -> None:
    for name in blocks("resource", "aws_s3_bucket"):
        closed = blocks("resource", "aws_s3_bucket_public_access_block")[name]
        assert [value for key, value in closed.items() if key != "bucket"] == [True] * 4
        assert name in blocks("resource", "aws_s3_bucket_server_side_encryption_configuration")
        assert name in blocks("resource", "aws_s3_bucket_lifecycle_configuration")
        refusals = [one for one in DOCUMENTS[f"{name}_bucket"] if one["sid"] == "OnlyByTls"]
        assert refusals[0]["condition"][0]["variable"] == "aws:SecureTransport"


def test_outputs_name_settings_that_there_are() -> None:
    known = {f"AGENTPOST_{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    assert blocks("output")["settings"]["value"].keys() <= known


def test_variables_and_outputs_are_documented_and_used() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    for name, variable in blocks("variable").items():
        assert variable["description"].endswith("."), name
        assert re.search(rf"(?<!error_message = )\bvar\.{name}\b", text), name
    assert all(output["description"] for output in blocks("output").values())


def test_no_secret_ends_in_the_state() -> None:
    assert blocks("resource", "aws_iam_access_key") == {}
