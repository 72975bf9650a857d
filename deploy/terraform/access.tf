# What the server itself may do: what its code calls, on what is made here, and nothing else.
# server/tests/deploy/test_terraform.py compares this list with the code.

locals {
  identities = [
    for domain in setunion(var.domains, var.tenant_domains) :
    "arn:${local.partition}:ses:${var.region}:${local.account}:identity/${domain}"
  ]
  configuration_set = "arn:${local.partition}:ses:${var.region}:${local.account}:configuration-set/${var.name}"
}

data "aws_iam_policy_document" "server" {
  statement {
    sid = "Send"
    # SES checks the second name when the content of SendEmail is raw.
    actions   = ["ses:SendEmail", "ses:SendRawEmail"]
    resources = concat(local.identities, [local.configuration_set])
  }

  statement {
    sid       = "VerifyDomains"
    actions   = ["ses:CreateEmailIdentity", "ses:GetEmailIdentity", "ses:PutEmailIdentityMailFromAttributes"]
    resources = local.identities
  }

  statement {
    sid       = "TakeFromTheQueue"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
    resources = [aws_sqs_queue.ses.arn]
  }

  statement {
    sid       = "ConfirmSubscriptions"
    actions   = ["sns:ConfirmSubscription"]
    resources = [aws_sns_topic.ses["feedback"].arn, aws_sns_topic.ses["inbound"].arn]
  }

  statement {
    sid       = "ReadReceivedMail"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.mail.arn}/mail/*"]
  }

  statement {
    sid       = "KeepBlobs"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.blobs.arn}/blobs/*"]
  }

  statement {
    sid = "List"
    # Received mail that nobody told of is found by it; and without it S3 says 403 of what is not there.
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.mail.arn, aws_s3_bucket.blobs.arn]
  }

  # What `agentpost-server doctor` asks.
  statement {
    sid       = "CheckConfigurationSet"
    actions   = ["ses:GetConfigurationSet"]
    resources = [local.configuration_set]
  }

  statement {
    sid       = "CheckQueue"
    actions   = ["sqs:GetQueueAttributes"]
    resources = [aws_sqs_queue.ses.arn]
  }

  statement {
    sid = "CheckAccount"
    # It concerns no resource: Amazon takes nothing but the asterisk.
    actions   = ["ses:GetAccount"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "server" {
  name   = "${var.name}-server"
  policy = data.aws_iam_policy_document.server.json
}

resource "aws_iam_user" "server" {
  count = var.create_user ? 1 : 0

  name = "${var.name}-server"
}

resource "aws_iam_user_policy_attachment" "server" {
  count = var.create_user ? 1 : 0

  user       = aws_iam_user.server[0].name
  policy_arn = aws_iam_policy.server.arn
}
