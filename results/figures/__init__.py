"""One module a figure or table; each imports matplotlib only when it draws."""
