"""Snippets rated by twenty people each, from the sdist of vaderSentiment.

C. J. Hutto and E. Gilbert (2014). VADER: A Parsimonious Rule-based Model for Sentiment Analysis of
Social Media Text. ICWSM-14.
"""

from __future__ import annotations

import html

import pandas as pd

from seqlab.data.embedded.entry import EmbeddedData
from seqlab.data.packages import Archive

_FOLDER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz!hutto_ICWSM_2014/"
_MOVIE = _FOLDER + "movieReviewSnippets_GroundTruth.txt"
_PRODUCT = _FOLDER + "amazonReviewSnippets_GroundTruth.txt"
_TWEETS = _FOLDER + "tweets_GroundTruth.txt"
_SHA256 = {
    _MOVIE: "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350",
    _PRODUCT: "11a9807a0974a2506a2d3b4851eaf69b3d6d20688ce4923adda2312a4f6dd6c2",
    _TWEETS: "dfbe7102e2f92579ed8b19df9a3822491880697c67adf712fb66e520cc05102f",
}
_CLEAR_RATING = 0.5  # mean ratings (−4 … 4) nearer to zero are neither positive nor negative


def _archive(*members: str) -> Archive:
    return Archive(
        package="vaderSentiment",
        version="3.3.2",
        sdist=True,
        sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
        members={member: _SHA256[member] for member in members},
        megabytes=2.5,
    )


def _build(members: dict[str, bytes]) -> pd.DataFrame:
    texts: list[str] = []
    labels: list[str] = []
    for content in members.values():
        for line in content.decode("utf-8-sig").splitlines():
            _, rating, text = line.split("\t", 2)
            if abs(float(rating)) >= _CLEAR_RATING:
                texts.append(html.unescape(text).strip())
                labels.append("positive" if float(rating) > 0 else "negative")
    return pd.DataFrame({"text": texts, "label": labels})


_NOTES = ("labels are the sign of the mean rating; texts rated within ±0.5 are left out",)

ENTRIES = (
    EmbeddedData(
        name="reviews",
        task="classify",
        summary="snippets of movie and product reviews, positive or negative",
        licence="MIT",
        rows=13057,
        build=_build,
        archive=_archive(_MOVIE, _PRODUCT),
        notes=_NOTES,
    ),
    EmbeddedData(
        name="tweets",
        task="classify",
        summary="tweets, positive or negative",
        licence="MIT",
        rows=3432,
        build=_build,
        archive=_archive(_TWEETS),
        notes=_NOTES,
    ),
)
