"""What a trace holds, whichever format it came in."""
