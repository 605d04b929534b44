"""Kept results, runs and solutions alike: keys, records, layers, verification, provenance, deposits."""
