"""Apache: a prefork web server whose workers take their first page faults as they serve."""
