"""Questions about made-up people, whose answers depend on who is asked about and what is asked."""

import random

NAMES = ["Ada", "Bela", "Cora", "Dino", "Emil", "Fara", "Gero", "Hana", "Ivo", "Jara", "Kiri"]
PLACES = ["Rome", "Oslo", "Lima", "Bern", "Cairo", "Quito", "Delhi", "Sofia", "Riga", "Accra"]
FOODS = ["rice", "soup", "bread", "fish", "beans", "pasta", "salad", "cheese", "plums", "nuts"]
YEARS = [str(year) for year in range(1900, 1960, 5)]
FACTS = {
    "Where does {} live ?": ("{} lives in {}", PLACES),
    "What does {} eat ?": ("{} likes to eat {}", FOODS),
    "When was {} born ?": ("{} was born in {}", YEARS),
}


def people(rows, seed=0):
    """(context, question, answer, start): a context states all facts of two people, shuffled."""
    rng = random.Random(seed)
    made = []
    for _ in range(rows):
        names = rng.sample(NAMES, 2)
        known = {}
        sentences = []
        for question, (sentence, values) in FACTS.items():
            for name, value in zip(names, rng.sample(values, 2), strict=True):
                known[question.format(name)] = (sentence.format(name, "\0"), value)
                sentences.append((sentence.format(name, value), question.format(name), value))
        rng.shuffle(sentences)
        context = ". ".join(s for s, _, _ in sentences) + "."
        said, question, answer = rng.choice(sentences)
        start = context.index(said) + len(said) - len(answer)
        made.append((context, question, answer, start))
    return made


def squad(rows):
    """SQuAD's JSON of such rows, two questions that cannot be answered among them."""
    paragraphs = [
        {
            "context": context,
            "qas": [
                {
                    "id": str(number),
                    "question": question,
                    "answers": [{"text": answer, "answer_start": start}],
                    "is_impossible": False,
                }
            ],
        }
        for number, (context, question, answer, start) in enumerate(rows)
    ]
    for paragraph in paragraphs[:2]:
        paragraph["qas"].append(
            {"id": "x", "question": "Who is Zed ?", "answers": [], "is_impossible": True}
        )
    return {"version": "v2.0", "data": [{"title": "people", "paragraphs": paragraphs}]}
