"""What stacks are composed of."""
