"""The numbers this project must reach, measured: `python -m benchmarks` prints them all."""
