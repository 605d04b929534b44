"""Architectures, their costs and their parametrization; torch is imported by the modules that need it alone."""
