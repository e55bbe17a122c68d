"""Which settings suit this machine."""
