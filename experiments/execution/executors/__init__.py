"""Where points are simulated: here, in local worker processes, or on a Dask cluster."""
