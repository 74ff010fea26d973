"""From tables of dates and numbers to windows: layout, panel, parts, windows, network, exhibits."""
