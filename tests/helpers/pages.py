"""Pages with generated parts: what stands between `<!-- generated: x -->` and `<!-- end -->` is made from the code."""

import re
from collections.abc import Iterable, Mapping


def with_parts(page: str, parts: Mapping[str, Iterable[str]]) -> str:
    """The page with its generated parts made anew, each given as its lines."""
    for name, lines in parts.items():
        begin, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
        body = begin + "".join(f"{line}\n" for line in lines) + end
        page, found = re.subn(f"{begin}.*?{end}", lambda _, body=body: body, page, flags=re.DOTALL)
        assert found == 1, name
    return page
