"""What the figures of the theory show: solutions asked for, looked up or solved, and gathered into a table.

A study is to the theory what an experiment is to training. It is made of solutions, each named by the hash of its
specification and kept by itself, so that a changed value solves only what is new and an interrupted study resumes.
"""
