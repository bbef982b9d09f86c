"""The cloud as the agent knows it: its calls by HTTP or MQTT, its time, and how it is joined."""
