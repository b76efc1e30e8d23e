"""Pure mathematics on arrays and frames: references, drift, errors, paired intervals, sequential tests. No state, no clock."""
