"""What blocks that show products have in common: the grid and its card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from core.block import Block
from core.errors import N_


class GoodsBlock(Block):
    """A block that shows products side by side: its facts are ``{"cards": […]}``."""

    card = "blocks/card.html"
    variables: ClassVar[Mapping[str, str]] = {"cards": N_("The products, each filled in by the card's template")}

    @property
    def template(self) -> str:
        """One grid for all; ``blocks/CODE.html`` of a site stands before it."""
        return "blocks/goods.html"
