"""AFL: fuzzers that fork a child per input from a deferred fork server."""
