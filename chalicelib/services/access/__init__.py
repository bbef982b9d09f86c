"""Who may come in: sessions, passwords, tokens, keys, and how often one may try."""
