"""Commands of key-value stores: which of them write, and what."""
