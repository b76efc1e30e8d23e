"""What answers for the outcome: the history, the way from a prediction to its rows, and the card of a model."""
