"""A word that the Pi prints when it starts: who types it on the local network has been at the Pi."""

from __future__ import annotations

import hmac
import secrets
import threading
from http import HTTPStatus

from ghostwatt_pi.local.guard import CallRefused

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Consonants, as in a claim code: no look-alikes, no words."""
LENGTH = 6
MAX_WRONG = 10
"""Of 64 million words; then the local network pairs nothing until the agent starts again."""


class ConfirmWord:
    """A new word for each start."""

    def __init__(self) -> None:
        letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        self.word = f"{letters[:3]}-{letters[3:]}"
        self._wrong = 0
        self._lock = threading.Lock()

    def check(self, typed: object) -> None:
        """Raises CallRefused unless this is the word; capitals and hyphens do not matter."""
        if typed is None or typed == "":
            sentence = "Over the network, send the word that the Pi printed when it started, as `word`."
            raise CallRefused(HTTPStatus.FORBIDDEN, "word_needed", sentence)
        with self._lock:
            if self._wrong >= MAX_WRONG:
                sentence = "Too many wrong words: pair at the Pi itself, or restart its agent."
                raise CallRefused(HTTPStatus.TOO_MANY_REQUESTS, "too_many_words", sentence)
            if not hmac.compare_digest(_tidy(str(typed)), _tidy(self.word)):
                self._wrong += 1
                raise CallRefused(HTTPStatus.FORBIDDEN, "bad_word", "That is not the word that the Pi printed.")


def _tidy(word: str) -> bytes:
    return "".join(letter for letter in word.upper() if letter.isalnum()).encode()
