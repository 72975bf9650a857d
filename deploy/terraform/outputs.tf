output "settings" {
  description = "Settings of the server. Its keys are not here: Terraform would keep them readable in its state."
  value = {
    AGENTPOST_SES_REGION            = var.region
    AGENTPOST_SES_CONFIGURATION_SET = aws_sesv2_configuration_set.this.configuration_set_name
    AGENTPOST_SES_TOPICS            = join(",", [for topic in aws_sns_topic.ses : topic.arn])
    AGENTPOST_SES_QUEUE_URL         = aws_sqs_queue.ses.url
    AGENTPOST_SES_INBOUND_BUCKET    = "s3://${aws_s3_bucket.mail.id}/mail"
    AGENTPOST_BLOB_URL              = "s3://${aws_s3_bucket.blobs.id}/blobs"
    AGENTPOST_S3_REGION             = var.region
  }
}

output "dns_records" {
  description = "Records to publish for the domains of the variable domains. Those of tenants' domains are in GET /domains/{id}."
  value = {
    for domain, identity in aws_sesv2_email_identity.domain : domain => concat(
      [for token in identity.dkim_signing_attributes[0].tokens : "${token}._domainkey.${domain}. CNAME ${token}.dkim.amazonses.com."],
      [
        "${domain}. MX 10 inbound-smtp.${var.region}.amazonaws.com.",
        "bounces.${domain}. MX 10 feedback-smtp.${var.region}.amazonses.com.",
        "bounces.${domain}. TXT \"v=spf1 include:amazonses.com ~all\"",
        "_dmarc.${domain}. TXT \"v=DMARC1; p=none; rua=mailto:dmarc-reports@${domain}\"",
      ]
    )
  }
}

output "policy_arn" {
  description = "The policy, to attach to a role when create_user is false."
  value       = aws_iam_policy.server.arn
}

output "user" {
  description = "The user to make a key for: aws iam create-access-key --user-name …"
  value       = one(aws_iam_user.server[*].name)
}
