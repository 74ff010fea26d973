"""What regression is made of: targets, inputs of text or series, the data doctor, exhibits."""
