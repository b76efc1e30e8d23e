"""Who may do what: principals, tokens and the permission table."""
