"""Vestnik's core: the corridor from a shop's facts to a letter in a mailbox."""
