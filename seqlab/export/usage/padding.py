"""Code that several inputs share: rows of unequal length beside each other, and what is real."""

PADDED = """\
    inputs = np.zeros((len(rows), max(map(len, rows)), *np.shape(rows[0])[1:]), {kind})
    for line, row in zip(inputs, rows):
        line[: len(row)] = row
    lengths = np.array([[len(row)] for row in rows])
    return {{"inputs": inputs, "mask": np.arange(inputs.shape[1]) < lengths}}"""

WHOLE, NUMBERS = PADDED.format(kind="np.int64"), PADDED.format(kind="np.float32")
