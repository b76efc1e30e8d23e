"""What everything else stands on: errors, ids, clock, hashing, names, fault points and the op table."""
