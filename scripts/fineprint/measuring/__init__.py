"""Time, memory and energy by phase, and the exact bytes of tensors."""
