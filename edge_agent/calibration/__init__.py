"""From drive-by runs of a truck of known weight to a calibration: factors, intervals, accuracy classes."""
