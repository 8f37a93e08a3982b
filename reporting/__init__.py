"""What a person sees: console lines, grids, curves, reports."""
