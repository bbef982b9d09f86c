"""What `ghostwatt-pi COMMAND` does."""
