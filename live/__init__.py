"""One training of points in the plane, step by step and to be looked at: what the app and the playground show."""
