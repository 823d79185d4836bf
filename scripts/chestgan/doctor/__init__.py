"""What `check_setup` looks at."""
