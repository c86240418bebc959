"""How a script runs: its command line, signals, processes, the scheduler's placement, the record of the environment."""
