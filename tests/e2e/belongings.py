"""One resource of each kind that a person can have."""

from tests.e2e.api import PASSWORD, Person


def belongings(person: Person, provider_url: str) -> dict[str, str]:
    """Create one resource of each kind; return their names by collection."""
    key = person.add_key(provider_url)
    file = person.file(b"Name\nAda\n")
    template = person.template("Hello {{Name}}")
    job = person.job(file, [template])
    person.finished(job)
    variable = person.ok("POST", "/v1/variables", {"display_name": "Sender", "value": "Ada"})
    session = person.http.post("/v1/sessions", json={"email": person.email, "password": PASSWORD}).json()
    token = person.ok("POST", "/v1/accessTokens", {"display_name": "mine", "scopes": ["read"]})
    export = person.ok("POST", "/v1/dataExports", {})
    # The address does not answer; only the owner matters here.
    webhook = person.ok("POST", "/v1/webhooks", {"url": "https://receiver.invalid/smelt"})
    delivery = person.ok("POST", f"/v1/{webhook['name']}:test", {})
    events = person.ok("GET", "/v1/auditEvents")["audit_events"]
    return {
        "auditEvents": events[0]["name"],
        "accessTokens": token["name"],
        "apiKeys": key["name"],
        "dataExports": export["name"],
        "files": file["name"],
        "templates": template["name"],
        "jobs": job["name"],
        "variables": variable["name"],
        "webhooks": webhook["name"],
        "webhookDeliveries": delivery["name"],
        "sessions": session["session"]["name"],
    }
