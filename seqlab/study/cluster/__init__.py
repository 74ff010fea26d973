"""Studies over many machines: assignments as tasks of a Ray cluster; Ray is imported only here."""
