"""The buffer on the disk, from which a reading goes only when the cloud has answered for it."""
