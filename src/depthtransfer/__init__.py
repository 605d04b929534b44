"""Depthwise hyperparameter transfer in residual networks, reproduced (arXiv 2309.16620, 2310.02244)."""

__version__ = "0.1.0"
