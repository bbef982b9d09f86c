"""The buffer on disk between the meters and the cloud: a reading leaves it once the cloud has acknowledged it."""
