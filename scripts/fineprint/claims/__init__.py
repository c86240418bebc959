"""What others state or published, held against the results."""
