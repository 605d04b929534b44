"""What a target costs before it starts: runs, operations, memory, hours, sizes of cluster jobs."""
