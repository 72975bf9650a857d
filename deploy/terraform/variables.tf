variable "region" {
  description = "AWS region. It must be one in which SES receives mail, such as eu-west-1 or us-east-1."
  type        = string
}

variable "name" {
  description = "Begins the name of everything that is made. Bucket names are unique in the world: the account's number is added to them."
  type        = string
  default     = "agentpost"
}

variable "domains" {
  description = "Domains whose identities are made here: at least AGENTPOST_SHARED_DOMAIN. Their DNS records are in the output dns_records."
  type        = set(string)

  validation {
    condition     = length(var.domains) > 0
    error_message = "Name at least the domain of AGENTPOST_SHARED_DOMAIN."
  }
}

variable "tenant_domains" {
  description = "Domains that tenants may bring by POST /domains. AgentPost makes their identities itself, so each is an exact name or a pattern, such as *.example.com; * lets it make and use any identity in the account."
  type        = set(string)
  default     = []
}

variable "activate_rule_set" {
  description = "Make our receipt rules the active ones. A region of an account has one active rule set: say false if you have one already, and add our rule to it."
  type        = bool
  default     = true
}

variable "mail_days" {
  description = "Days that received mail stays in the bucket that SES writes to. AgentPost has its own copy within minutes, and looks for forgotten mail of the last seven days."
  type        = number
  default     = 14

  validation {
    condition     = var.mail_days >= 8
    error_message = "AgentPost looks seven days back for mail that nobody told it of; keep at least 8."
  }
}

variable "deleted_blob_days" {
  description = "Days that a deleted large file can still be brought back as an old version. Tell your users: deleted mail is gone only then."
  type        = number
  default     = 14
}

variable "create_user" {
  description = "Make an IAM user with the policy, for a server outside AWS. Say false on EC2, ECS or EKS, and attach the policy to the machine's role."
  type        = bool
  default     = true
}
