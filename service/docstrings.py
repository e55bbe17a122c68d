"""What the strings under a class's attributes say.

Pydantic can read them too, but does so when it makes the class, which costs every start 60 ms for what only
`--help` and `/docs` show.
"""

import ast
import inspect
from itertools import pairwise
from textwrap import dedent


def attribute_docstrings(cls: type) -> dict[str, str]:
    """The docstrings of a class's own annotated attributes, by name; needs the source."""
    definition = ast.parse(dedent(inspect.getsource(cls))).body[0]
    found = {}
    for attribute, after in pairwise(getattr(definition, "body", [])):
        if not (isinstance(attribute, ast.AnnAssign) and isinstance(attribute.target, ast.Name)):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[attribute.target.id] = inspect.cleandoc(str(after.value.value))
    return found
