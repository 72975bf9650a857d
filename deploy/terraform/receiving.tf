# Mail in: a receipt rule puts the mail into a bucket and tells of it. Only SES may write there: who could write an
# object could invent mail.

resource "aws_s3_bucket" "mail" {
  bucket = "${var.name}-mail-${local.account}"
}

resource "aws_s3_bucket_public_access_block" "mail" {
  bucket = aws_s3_bucket.mail.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "mail" {
  bucket = aws_s3_bucket.mail.id

  # Not SES's own "message encryption": what it encrypts before it writes cannot be read by AgentPost.
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "mail" {
  bucket = aws_s3_bucket.mail.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.mail_days
    }
  }
}

data "aws_iam_policy_document" "mail_bucket" {
  statement {
    sid       = "OurReceiptRulesWrite"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.mail.arn}/mail/*"]

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
      values   = ["arn:${local.partition}:ses:${var.region}:${local.account}:receipt-rule-set/${var.name}:receipt-rule/*"]
    }
  }

  statement {
    sid       = "NobodyElseWrites"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.mail.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:PrincipalIsAWSService"
      values   = ["false"]
    }
  }

  statement {
    sid       = "OnlyByTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.mail.arn, "${aws_s3_bucket.mail.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "mail" {
  bucket = aws_s3_bucket.mail.id
  policy = data.aws_iam_policy_document.mail_bucket.json

  depends_on = [aws_s3_bucket_public_access_block.mail]
}

resource "aws_ses_receipt_rule_set" "this" {
  rule_set_name = var.name
}

resource "aws_ses_active_receipt_rule_set" "this" {
  count = var.activate_rule_set ? 1 : 0

  rule_set_name = aws_ses_receipt_rule_set.this.rule_set_name
}

resource "aws_ses_receipt_rule" "store" {
  name          = "store"
  rule_set_name = aws_ses_receipt_rule_set.this.rule_set_name
  # No recipients: every verified domain of the account, which is what tenants' domains need.
  recipients   = length(var.tenant_domains) == 0 ? var.domains : []
  enabled      = true
  scan_enabled = true
  tls_policy   = "Optional"

  s3_action {
    position          = 1
    bucket_name       = aws_s3_bucket.mail.id
    object_key_prefix = "mail/"
    topic_arn         = aws_sns_topic.ses["inbound"].arn
  }

  depends_on = [aws_s3_bucket_policy.mail, aws_sns_topic_policy.ses]
}
