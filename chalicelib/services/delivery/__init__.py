"""What leaves the house by the schedule: mail, webhooks, digests."""
