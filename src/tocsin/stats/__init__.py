"""Questions to the stored results, and their plots."""
