"""What is optimised: networks, objectives (pure functions of logits) and constraints on the critic."""
