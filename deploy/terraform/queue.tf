# Two topics, one queue: the workers poll it, and no URL of ours needs to be public.

resource "aws_sns_topic" "ses" {
  for_each = toset(["feedback", "inbound"])

  name              = "${var.name}-${each.value}"
  signature_version = 2
}

data "aws_iam_policy_document" "topic" {
  for_each = aws_sns_topic.ses

  statement {
    sid       = "SesPublishes"
    actions   = ["sns:Publish"]
    resources = [each.value.arn]

    principals {
      type        = "Service"
      identifiers = ["ses.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values = [
        each.key == "feedback"
        ? "arn:${local.partition}:ses:${var.region}:${local.account}:configuration-set/${var.name}"
        : "arn:${local.partition}:ses:${var.region}:${local.account}:receipt-rule-set/${var.name}:receipt-rule/*"
      ]
    }
  }
}

resource "aws_sns_topic_policy" "ses" {
  for_each = aws_sns_topic.ses

  arn    = each.value.arn
  policy = data.aws_iam_policy_document.topic[each.key].json
}

resource "aws_sns_topic_subscription" "queue" {
  for_each = aws_sns_topic.ses

  topic_arn = each.value.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.ses.arn
  # The envelope bears the signature. AgentPost refuses what comes without it.
  raw_message_delivery = false
}

resource "aws_sqs_queue" "ses" {
  name                      = "${var.name}-ses"
  message_retention_seconds = 1209600
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = true

  # What could not be taken ten times is put aside, instead of coming back for two weeks.
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.put_aside.arn
    maxReceiveCount     = 10
  })
}

resource "aws_sqs_queue" "put_aside" {
  name                      = "${var.name}-ses-put-aside"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_redrive_allow_policy" "put_aside" {
  queue_url = aws_sqs_queue.put_aside.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.ses.arn]
  })
}

data "aws_iam_policy_document" "queue" {
  statement {
    sid       = "OurTopicsSend"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.ses.arn]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_sns_topic.ses["feedback"].arn, aws_sns_topic.ses["inbound"].arn]
    }
  }
}

resource "aws_sqs_queue_policy" "ses" {
  queue_url = aws_sqs_queue.ses.id
  policy    = data.aws_iam_policy_document.queue.json
}
