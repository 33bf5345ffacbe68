"""Speed and accuracy runs that print a table."""
