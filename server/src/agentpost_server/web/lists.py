"""What every list route takes: `limit`, `page_token`, `ascending`; and how its rows become a page."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request
from litestar.params import QueryParameter

from agentpost_server.core.secrets import Keyring
from agentpost_server.web.paging import Page, page_of, read_cursor, write_cursor

T = TypeVar("T")


class OpenPage(msgspec.Struct, frozen=True):
    """A list under way: what to ask the store for, and how to answer. `after` is the key of the row before the page."""

    keyring: Keyring
    name: str
    organization_id: UUID
    limit: int
    ascending: bool
    after: tuple[Any, ...] | None

    def uuid(self) -> UUID | None:
        """The cursor of a list that is ordered by id alone."""
        return None if self.after is None else UUID(bytes=self.after[0])

    def of(self, rows: list[Any], key_of: Callable[[Any], Sequence[Any]], shape: Callable[[Any], T]) -> Page[T]:
        """The page of `limit + 1` rows."""
        return page_of(
            rows,
            self.limit,
            key_of,
            shape,
            lambda key: write_cursor(self.keyring, self.name, self.organization_id, key),
        )


class ListQuery(msgspec.Struct, frozen=True):
    """The three parameters as given; `open` checks the token."""

    keyring: Keyring
    limit: int
    page_token: str | None
    ascending: bool

    def open(self, name: str, organization_id: UUID, *filters: object) -> OpenPage:
        """`filters` bind the token to the list's filters: a token of other filters would skip rows."""
        bound = f"{name}:{self.ascending}:{filters!r}" if filters else f"{name}:{self.ascending}"
        after = read_cursor(self.keyring, bound, organization_id, self.page_token)
        return OpenPage(self.keyring, bound, organization_id, self.limit, self.ascending, after)


def provide_list_query(
    request: Request[Any, Any, Any],
    limit: Annotated[int, QueryParameter(ge=1, le=100, description="Rows a page.")] = 50,
    page_token: Annotated[str | None, QueryParameter(description="`next_page_token` of the page before.")] = None,
    ascending: Annotated[bool, QueryParameter(description="Oldest first.")] = False,
) -> ListQuery:
    return ListQuery(request.app.state.runtime.keyring, limit, page_token, ascending)
