"""What can come between a letter and its channel. Each carries one sentence, for those who run the site."""


class ChannelTrouble(Exception):
    """A letter was not taken, or not surely."""


class Refused(ChannelTrouble):
    """It will never be taken: no such address (550), or what it says is not wanted."""


class Later(ChannelTrouble):
    """Not now: the mailbox is busy (451), or full. The next letter may do better."""


class Away(ChannelTrouble):
    """The channel itself is out of reach, or does not let us in: no letter's fault, and no letter gets through."""


class Unsure(ChannelTrouble):
    """The connection broke after the last word and before the answer: it may have been taken."""
