"""AWS's rules that MiniStack doesn't enforce: one file per rule, with AWS's page and AWS's error."""
