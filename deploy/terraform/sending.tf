# Mail out: identities, and a configuration set that tells what became of each mail.

resource "aws_sesv2_email_identity" "domain" {
  for_each = var.domains

  email_identity         = each.value
  configuration_set_name = aws_sesv2_configuration_set.this.configuration_set_name
}

resource "aws_sesv2_email_identity_mail_from_attributes" "domain" {
  for_each = aws_sesv2_email_identity.domain

  email_identity         = each.value.email_identity
  mail_from_domain       = "bounces.${each.key}"
  behavior_on_mx_failure = "USE_DEFAULT_VALUE"
}

resource "aws_sesv2_configuration_set" "this" {
  configuration_set_name = var.name

  reputation_options {
    reputation_metrics_enabled = true
  }
}

resource "aws_sesv2_configuration_set_event_destination" "feedback" {
  configuration_set_name = aws_sesv2_configuration_set.this.configuration_set_name
  event_destination_name = "feedback"

  event_destination {
    enabled              = true
    matching_event_types = ["SEND", "REJECT", "DELIVERY", "DELIVERY_DELAY", "BOUNCE", "COMPLAINT"]

    sns_destination {
      topic_arn = aws_sns_topic.ses["feedback"].arn
    }
  }

  depends_on = [aws_sns_topic_policy.ses]
}
