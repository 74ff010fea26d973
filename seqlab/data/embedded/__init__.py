"""The embedded data sets, one file per package they ride in."""
