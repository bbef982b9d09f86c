"""Storage of sessions: one item each, by id; index by user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.accounts.model import Session
from chalicelib.core.dynamo import Item, Transaction, table_name


class ByUser(GlobalSecondaryIndex["SessionItem"]):
    class Meta:
        index_name = "by_user"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True)
    session_id = UnicodeAttribute(range_key=True)


class SessionItem(Item):
    class Meta:
        table_name = table_name("sessions")

    session_id = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()
    email = UnicodeAttribute()
    created_at_ms = NumberAttribute()
    last_used_at_ms = NumberAttribute()
    expires_at_ms = NumberAttribute()
    expires_at = NumberAttribute()
    refresh_sha256 = UnicodeAttribute()
    user_agent = UnicodeAttribute()
    token_name = UnicodeAttribute(null=True)
    scope = UnicodeAttribute(null=True)  # absent in a token made before there were scopes, which is read
    family = UnicodeAttribute(null=True)
    former_sha256 = UnicodeAttribute(null=True)
    by_user = ByUser()


def _session(item: SessionItem) -> Session:
    return Session(
        session_id=item.session_id,
        user_id=item.user_id,
        email=item.email,
        created_at_ms=int(item.created_at_ms),
        last_used_at_ms=int(item.last_used_at_ms),
        expires_at_ms=int(item.expires_at_ms),
        refresh_sha256=item.refresh_sha256,
        user_agent=item.user_agent,
        token_name=item.token_name,
        scope="control" if item.scope == "control" else "read",
        family=item.family,
        former_sha256=item.former_sha256,
    )


def put_session(write: Transaction, session: Session) -> None:
    """Add a new session to a transaction."""
    write.save(_item(session))


def save_session(session: Session) -> None:
    """Store a new session."""
    _item(session).save()


def _item(session: Session) -> SessionItem:
    return SessionItem(**asdict(session), expires_at=session.expires_at_ms // 1_000)


def load_session(session_id: str) -> Session | None:
    """The session of an id, expired or not; None if there is none."""
    try:
        return _session(SessionItem.get(session_id, consistent_read=True))
    except SessionItem.DoesNotExist:
        return None


def load_sessions_of_user(user_id: str) -> list[Session]:
    """All sessions of a person, expired or not. The index may lag behind by a moment."""
    return [_session(item) for item in SessionItem.by_user.query(user_id)]


def save_rotated_session(session: Session, rotated: Session) -> bool:
    """Store the next refresh token and new times; False when the session changed or ended since it was read."""
    actions: list[Action] = [
        SessionItem.refresh_sha256.set(rotated.refresh_sha256),
        SessionItem.last_used_at_ms.set(rotated.last_used_at_ms),
        SessionItem.expires_at_ms.set(rotated.expires_at_ms),
        SessionItem.expires_at.set(rotated.expires_at_ms // 1_000),
    ]
    if rotated.family is not None:
        actions.append(SessionItem.family.set(rotated.family))
    if rotated.former_sha256 is not None:
        actions.append(SessionItem.former_sha256.set(rotated.former_sha256))
    return SessionItem(session.session_id).update_if(
        actions=actions, condition=SessionItem.refresh_sha256 == session.refresh_sha256
    )


def save_session_use(session_id: str, now_ms: int) -> None:
    """Store when a session was used last, unless it has ended."""
    SessionItem(session_id).update_if(
        actions=[SessionItem.last_used_at_ms.set(now_ms)], condition=SessionItem.session_id.exists()
    )


def remove_session(session_id: str) -> None:
    """Delete a session, if it exists."""
    SessionItem(session_id).delete()


def remove_sessions(sessions: Iterable[Session]) -> None:
    """Delete many sessions, in batches."""
    with SessionItem.batch_write() as batch:
        for session in sessions:
            batch.delete(SessionItem(session.session_id))
