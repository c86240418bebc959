"""What a good analyst would notice in the answers: rules with thresholds and exact tests, each finding a record."""
