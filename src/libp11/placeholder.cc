namespace signet {}
