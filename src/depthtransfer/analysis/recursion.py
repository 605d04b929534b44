"""How far the features of linear networks are from the recursion of infinite width, and that from infinite depth."""

import numpy as np
import pandas as pd

from depthtransfer.errors import AnalysisError


def distances(rows: pd.DataFrame, over: str) -> pd.DataFrame:
    """Relative distance of ``H = <h h>`` from what it tends to, root mean square over layer times and updates.

    Over "width", of single networks of the greatest depth from infinite width at that depth: their variance and the
    square of the mean's distance add up. Over "depth", of infinite width from the limit of infinite depth. The time
    before training is left out.

    Args:
        rows: part ``features`` of the study ``linear``; see THEORY in ``tables/columns.py``.
        over: "width" or "depth".

    Returns:
        One row per size, sorted: the size, distance, and standard_error of it over seeds (0 where nothing is drawn).

    Raises:
        AnalysisError: if fewer than two sizes are there.
    """
    own = rows[(rows["updates"] > 0) & np.isfinite(rows["depth"]) & rows["theory"].notna()]
    own = own[np.isfinite(own["width"]) if over == "width" else np.isinf(own["width"])]
    if over == "width" and not own.empty:
        own = own[own["depth"] == own["depth"].max()]
    if own[over].nunique() < 2:
        raise AnalysisError(f"the study of linear networks has fewer than two finite {over}s", f"add a second {over}")
    off = own["value"] - own["theory"]
    square = (own["variance"].fillna(0.0) + off**2) / own["theory"] ** 2
    # errors of different layers and updates belong to the same networks: they are added up, not averaged out
    error = np.hypot(own["variance_error"].fillna(0.0), 2.0 * off * own["standard_error"]) / own["theory"] ** 2
    found = pd.DataFrame({over: own[over], "square": square, "error": error}).groupby(over, sort=True).mean()
    distance = np.sqrt(found["square"])
    return pd.DataFrame({"distance": distance, "standard_error": found["error"] / (2.0 * distance)}).reset_index()
