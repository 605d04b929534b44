"""One training loop with its schedules, batches and augmentation; it knows modules and arrays, not sweeps or files."""
