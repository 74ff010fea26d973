"""Which columns hold contexts, questions and answers, by the names that they go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seqlab.data import columns as guess
from seqlab.data.table import Table
from seqlab.errors import UserError

# The names of each role, the best first.
ROLE_ALIASES = {
    "context": "context passage paragraph document text",
    "question": "question query",
    "answer": "answers answer answer_text",
    "start": "starts start answer_start answer_starts start_position start_char",
    "end": "ends end answer_end end_position end_char",
}


def roles_in(
    table: Table, roles: Sequence[str], named: Mapping[str, str], taken: Sequence[str] = ()
) -> dict[str, str]:
    """Role → column, as the user said or by its name; roles that no column plays are not there."""
    by_name = {guess.normalised(str(name)): str(name) for name in table.frame.columns}
    columns = {
        role: guess.named(table.frame, named[role], table.origin) for role in roles if role in named
    }
    for role in roles:
        names = [by_name[name] for name in ROLE_ALIASES[role].split() if name in by_name]
        if role not in columns and names and names[0] not in (*taken, *columns.values()):
            columns[role] = names[0]
    return columns


def no_column(table: Table, role: str) -> UserError:
    """The error for a role that no column plays."""
    return UserError(
        f'"{table.origin}": no column for the {role} among'
        f" {', '.join(map(str, table.frame.columns[:12]))}",
        "name the columns: --columns context=…,question=…,answer=…",
    )
