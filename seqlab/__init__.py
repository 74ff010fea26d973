"""seqlab answers one question on your own sequence data: RNN or Transformer?"""

__version__ = "0.1.0"
