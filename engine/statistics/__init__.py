"""Statistics over whole columns of series, in NumPy alone."""
