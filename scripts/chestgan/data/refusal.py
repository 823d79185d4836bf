"""The reason why a file can't be used."""


class Refusal(Exception):
    """Report why a file can't be used: `reason` is one of a few, to be counted; `detail` is about this file."""

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple:
        # as the message alone, an exception couldn't be made again in another process
        return Refusal, (self.reason, self.detail)
