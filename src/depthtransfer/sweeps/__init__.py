"""From a grid to finished runs: identity, expansion, shares, store and worker processes."""
