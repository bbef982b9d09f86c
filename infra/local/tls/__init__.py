"""TLS at home: a certificate authority (CA) of this PC's own, and the certificate with which the stack answers."""
