"""One run from files to files: a method on a task with a seed, and its model card."""
