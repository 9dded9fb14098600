"""Rules with operators over time, and lifecycles: groups streamed in order through numpy."""
