"""The circle: gates, rollouts, triggers, retraining, reproduction, and the controllers that keep them going."""
