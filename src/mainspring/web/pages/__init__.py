"""One file a noun: each function takes the workspace, calls ops and builds what its template shows."""
