"""What our code calls at Amazon, read from its source, and the IAM actions that each call needs.

A call that is not in these tables fails the tests: it would be refused by the policy that deploy/terraform gives out.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import botocore.session
from botocore import xform_name

SOURCE = Path(__file__).parents[2] / "src" / "agentpost_server"
SERVICES = ("sesv2", "sqs", "sns")
_MAIL = SOURCE / "providers" / "s3_mail.py"

# SES checks SendRawEmail when the content of SendEmail is raw; batch calls of SQS have no actions of their own.
ACTIONS: dict[str, set[str]] = {
    "send_email": {"ses:SendEmail", "ses:SendRawEmail"},
    "create_email_identity": {"ses:CreateEmailIdentity"},
    "get_email_identity": {"ses:GetEmailIdentity"},
    "put_email_identity_mail_from_attributes": {"ses:PutEmailIdentityMailFromAttributes"},
    "receive_message": {"sqs:ReceiveMessage"},
    "delete_message_batch": {"sqs:DeleteMessage"},
    "change_message_visibility_batch": {"sqs:ChangeMessageVisibility"},
    "confirm_subscription": {"sns:ConfirmSubscription"},
    "get_account": {"ses:GetAccount"},
    "get_configuration_set": {"ses:GetConfigurationSet"},
    "get_queue_attributes": {"sqs:GetQueueAttributes"},
}
OBJECT_ACTIONS: dict[str, set[str]] = {
    "put_async": {"s3:PutObject", "s3:AbortMultipartUpload"},
    "get_async": {"s3:GetObject"},
    "head_async": {"s3:GetObject"},
    "delete_async": {"s3:DeleteObject"},
    "list": {"s3:ListBucket"},
}


def called_operations() -> set[str]:
    """Operations of SES, SQS and SNS that any file names which has to do with our client of them."""
    known: set[str] = set()
    for service in SERVICES:
        names: list[str] = list(botocore.session.get_session().get_service_model(service).operation_names)  # pyright: ignore[reportArgumentType, reportGeneralTypeIssues] - its cached property has no type
        known |= {xform_name(name) for name in names}
    files = (path for path in SOURCE.rglob("*.py") if "AwsClient" in path.read_text(encoding="utf-8"))
    return {text for path in files for text in _strings(path)} & known


def mail_calls() -> set[str]:
    """Methods of the object store that are called on the bucket which SES writes to."""
    return _object_calls(_MAIL)


def blob_calls() -> set[str]:
    """Those that are called on the bucket of our own large files: what any other provider does with a store."""
    files = (path for path in _MAIL.parent.glob("*.py") if path != _MAIL)
    return set().union(*(_object_calls(path) for path in files if "obstore" in path.read_text(encoding="utf-8")))


def _object_calls(path: Path) -> set[str]:
    return {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) in ("self._store", "store")
    }


def _strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
