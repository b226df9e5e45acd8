"""Names of columns by the type they mean, in English, German, French and Spanish, without accents."""

from enum import Enum


class ColumnType(Enum):
    """The known types."""

    FIRST_NAME = "first name"
    LAST_NAME = "last name"
    FULL_NAME = "full name"
    EMAIL = "email"
    PHONE = "phone"
    COMPANY_NAME = "company name"
    JOB_TITLE = "job title"
    INDUSTRY = "industry"
    CITY = "city"
    STATE = "state"
    COUNTRY = "country"
    LINKEDIN_URL = "linkedin url"
    WEBSITE = "website"
    COMPANY_SIZE = "company size"
    REVENUE = "revenue"


def _names(text: str) -> tuple[str, ...]:
    return tuple(" ".join(name.split()) for name in text.split(","))


NAMES: dict[ColumnType, tuple[str, ...]] = {
    ColumnType.FIRST_NAME: _names(
        """
        first name, first, given name, given names, forename, fname, f name, vorname, prenom, nombre
        """
    ),
    ColumnType.LAST_NAME: _names(
        """
        last name, last, surname, family name, lname, l name, nachname, familienname, nom de famille,
        apellido, apellidos
        """
    ),
    ColumnType.FULL_NAME: _names("full name, name, contact name, person name, lead name, prospect name"),
    ColumnType.EMAIL: _names(
        """
        email, e mail, mail, email address, e mail address, mail address, contact email, e mail adresse,
        adresse email, adresse e mail, courriel, correo, correo electronico
        """
    ),
    ColumnType.PHONE: _names(
        """
        phone, phone number, phone no, mobile, mobile phone, mobile number, telephone, telephone number,
        tel, tel no, tel number, cell, cell phone, cellphone, cell number, direct dial, telefon,
        telefonnummer, handy, telefono, movil
        """
    ),
    ColumnType.COMPANY_NAME: _names(
        """
        company, company name, organization, organisation, organization name, organisation name, account
        name, business name, employer, firm, firma, unternehmen, entreprise, societe, empresa
        """
    ),
    ColumnType.JOB_TITLE: _names(
        """
        title, job title, position, role, job role, job position, designation, poste, cargo, puesto,
        funktion
        """
    ),
    ColumnType.INDUSTRY: _names("industry, sector, vertical, branche, secteur, industria"),
    ColumnType.CITY: _names("city, location, town, stadt, ort, ville, ciudad"),
    ColumnType.STATE: _names(
        """
        state, region, province, county, state region, state province, bundesland, provincia
        """
    ),
    ColumnType.COUNTRY: _names("country, nation, country region, land, pays, pais"),
    ColumnType.LINKEDIN_URL: _names(
        """
        linkedin, linkedin url, profile, linkedin profile, linkedin profile url, linkedin link, linkedin
        page, li url
        """
    ),
    ColumnType.WEBSITE: _names(
        """
        website, url, company website, web site, website url, company url, homepage, web page, webpage,
        domain, company domain, site web, sitio web
        """
    ),
    ColumnType.COMPANY_SIZE: _names(
        """
        company size, employees, size, headcount, head count, employee, employee count, employees count,
        number of employees, no of employees, num employees, total employees, employee size, employee range,
        employees range, company size range, company headcount, staff, staff count, team size, mitarbeiter,
        effectif, empleados
        """
    ),
    ColumnType.REVENUE: _names(
        """
        revenue, annual revenue, arr, revenue range, annual revenue range, estimated revenue, turnover,
        umsatz, chiffre d affaires, ingresos
        """
    ),
}
_OF_PERSON = frozenset({"contact", "person", "lead", "prospect", "recipient", "candidate"})
_OF_COMPANY = frozenset({"company", "organization", "organisation", "account", "business", "corporate", "hq"})
_OF_PLACE = (
    _OF_PERSON
    | _OF_COMPANY
    | frozenset({"billing", "mailing", "shipping", "work", "home", "office", "us", "address"})
)
#: Names of many things: they mean the type only by themselves and after one of these words.
AFTER: dict[str, frozenset[str]] = {
    **dict.fromkeys(("first", "last", "mail", "land", "ort", "handy", "staff", "employee"), frozenset()),
    "name": _OF_PERSON | {"full", "complete"},
    **dict.fromkeys(("title", "position", "role"), _OF_PERSON | {"job", "current", "professional", "work"}),
    **dict.fromkeys(("state", "region", "province", "county", "location"), _OF_PLACE),
    "size": _OF_COMPANY | {"team", "staff", "employee", "employees"},
    "profile": frozenset({"linkedin", "li"}),
    "url": _OF_COMPANY | {"website", "web", "site", "homepage", "domain", "main"},
    "domain": _OF_COMPANY | {"website", "web", "primary"},
    "designation": _OF_PERSON | {"job"},
    **dict.fromkeys(
        ("firm", "vertical", "sector", "nation"), _OF_COMPANY | _OF_PERSON | {"industry", "primary"}
    ),
}
