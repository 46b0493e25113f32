"""What a kernel refuses on naive memory, or kills for: nothing, as a rule."""

from naive_memory import Area, Space


class NaiveLimits:
    """Answers about operations that have not been made yet."""

    def kills(self, mm: Space, page: int, write: bool) -> bool:
        """Whether there is no page for an access, so that the process is killed."""
        del mm, page, write
        return False

    def refuses_to_grow(self, mm: Space, area: Area, end: int) -> bool:
        """Whether an area, perhaps a new and empty one, cannot become so long."""
        del mm, area, end
        return False

    def refuses_to_cut(self, mm: Space, start: int, end: int, areas: list[Area]) -> bool:
        """Whether some areas cannot be cut at the ends of a range."""
        del mm, start, end, areas
        return False

    def refuses_to_discard(self, mm: Space, start: int, end: int) -> bool:
        del mm, start, end
        return False

    def refuses_to_move(self, mm: Space, start: int, end: int, to: int) -> bool:
        del mm, start, end, to
        return False
