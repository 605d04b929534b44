"""How much of a study of the theory is stored; imports nothing heavy."""


def progress(preset: str, study: str) -> tuple[int, int, int]:
    """Numbers of solutions that a study asks for, that some store holds, and that are missing."""
    from depthtransfer.configuration import load_theory
    from depthtransfer.store.store import Store
    from depthtransfer.studies.plan import solutions

    keys = {each.key for each in solutions(load_theory(preset), study)}
    missing = len(Store.of_solutions().missing(keys))
    return len(keys), len(keys) - missing, missing
