"""What Amazon SES tells by SNS, through a queue or by HTTP: mail received for us, and what became of mail we sent."""
