"""What everything is: frozen values, no I/O."""
