"""The linear chain against the enumeration of all tag sequences, in float64."""

import itertools

import pytest
import torch

from seqlab.tasks.targets.tag_head import (
    LinearChain,
    TagHead,
    Transitions,
    forbidden,
    log_partition,
    marginals,
    sequence_score,
    viterbi,
)

B, T, C = 3, 5, 4
LENGTHS = torch.tensor([5, 3, 1])
MASK = torch.arange(T) < LENGTHS[:, None]


def case(seed=0):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64) * 2

    return draw(B, T, C), Transitions(draw(C, C), draw(C), draw(C))


def scores(emissions, steps, row):
    """s of every tag sequence of one row, written out."""
    length = int(LENGTHS[row])
    found = {}
    for tags in itertools.product(range(C), repeat=length):
        s = steps.start[tags[0]] + steps.end[tags[-1]]
        s = s + sum(emissions[row, t, tag] for t, tag in enumerate(tags))
        found[tags] = s + sum(steps.step[a, b] for a, b in itertools.pairwise(tags))
    return found


@pytest.mark.parametrize("seed", [0, 1])
def test_partition_score_path_and_marginals_are_those_of_the_enumeration(seed):
    emissions, steps = case(seed)
    partition = log_partition(emissions, MASK, steps)
    path = viterbi(emissions, MASK, steps)
    shares = marginals(emissions, MASK, steps)
    for row in range(B):
        every = scores(emissions, steps, row)
        values = torch.stack(list(every.values()))
        assert partition[row] == pytest.approx(float(values.logsumexp(0)), abs=1e-10)
        best = max(every, key=lambda tags: every[tags])
        assert tuple(path[row, : len(best)].tolist()) == best
        given = torch.zeros(B, T, dtype=torch.long)
        given[row, : len(best)] = torch.tensor(best)
        score = sequence_score(emissions, given, MASK, steps)[row]
        assert score == pytest.approx(float(every[best]), abs=1e-10)
        likely = (values - values.logsumexp(0)).exp()
        for t, tag in itertools.product(range(len(best)), range(C)):
            expected = sum(p for p, tags in zip(likely, every, strict=True) if tags[t] == tag)
            assert shares[row, t, tag] == pytest.approx(float(expected), abs=1e-10)


def test_gradients_of_the_loss():
    emissions, steps = case()
    chain = LinearChain(C).double()
    with torch.no_grad():
        for own, drawn in zip(chain.steps, steps, strict=True):
            own.copy_(drawn)
    tags = torch.randint(0, C, (B, T), generator=torch.Generator().manual_seed(2))

    def loss(e, step, start, end):
        return torch.func.functional_call(chain, {"step": step, "start": start, "end": end}, (e,))

    chain.forward = lambda e: chain.loss(e, tags, MASK)
    inputs = [emissions, *steps]
    assert torch.autograd.gradcheck(loss, [x.clone().requires_grad_() for x in inputs])


def test_padding_and_far_scores_change_nothing():
    emissions, steps = case()
    wild = emissions.masked_fill(~MASK.unsqueeze(-1), 1e4)
    assert torch.equal(log_partition(wild, MASK, steps), log_partition(emissions, MASK, steps))
    assert torch.equal(viterbi(wild, MASK, steps), viterbi(emissions, MASK, steps))
    far = log_partition((emissions * 300).float(), MASK, Transitions(*(s.float() for s in steps)))
    assert torch.isfinite(far).all()


def test_sequences_with_an_unknown_tag_do_not_count():
    emissions, _ = case()
    chain = LinearChain(C).double()
    tags = torch.randint(0, C, (B, T), generator=torch.Generator().manual_seed(2))
    strange = tags.clone()
    strange[0, 2] = -1
    rest = slice(1, None)
    expected = chain.loss(emissions[rest], tags[rest], MASK[rest])
    assert torch.allclose(chain.loss(emissions, strange, MASK), expected)


@pytest.mark.parametrize("chain", [False, True])
def test_decoding_is_the_best_legal_sequence(chain):
    classes = ("O", "B-X", "I-X", "B-Y", "I-Y")
    head = TagHead(3, classes, "iob2", chain)
    emissions = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(4)) * 3
    mask = torch.tensor([[True] * 4, [True] * 3 + [False]])
    tags, probabilities = head.decode(emissions, mask)
    allowed = forbidden(classes, "iob2")
    for row, length in enumerate((4, 3)):
        best, score = None, -torch.inf
        for path in itertools.product(range(5), repeat=length):
            s = allowed.start[path[0]] + sum(
                allowed.step[a, b] for a, b in itertools.pairwise(path)
            )
            s = s + sum(emissions[row, t].log_softmax(0)[tag] for t, tag in enumerate(path))
            if s > score:
                best, score = path, s
        assert tuple(tags[row, :length].tolist()) == best
        chosen = emissions[row].softmax(-1)[range(length), best]
        assert torch.allclose(probabilities[row, :length], chosen)
