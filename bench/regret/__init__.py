"""What a choice costs on data sets of which all outcomes are known."""
