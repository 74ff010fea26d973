"""How a file is used without seqlab: what stands around the network, as facts and as code."""
