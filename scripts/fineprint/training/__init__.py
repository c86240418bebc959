"""The training loop, its steps and captured passes, fitting into memory, checkpoints."""
