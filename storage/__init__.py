"""Files that this program reads from others, and files that it writes: each through one of two modules."""
