"""The gallery of real reports, and what the quality runs measured."""
