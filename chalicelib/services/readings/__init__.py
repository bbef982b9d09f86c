"""The way of a reading: a device calls, its batch is recorded, and the stream examines it."""
