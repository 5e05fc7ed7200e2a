"""Google's, Microsoft's, GitHub's and Kubernetes's audit events to the fields that rules read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tocsin.decode.paths import at, text_at
from tocsin.decode.reshaped import Reshaped
from tocsin.model import NO_CATEGORY, LogSource

_GCP = {
    "login.googleapis.com": LogSource("gcp", NO_CATEGORY, "google_workspace.login"),
    "admin.googleapis.com": LogSource("gcp", NO_CATEGORY, "google_workspace.admin"),
}
_GCP_AUDIT = LogSource("gcp", NO_CATEGORY, "gcp.audit")
_WORKSPACE = LogSource("gcp", NO_CATEGORY)
_M365 = LogSource("m365", NO_CATEGORY)
_M365_AUDIT = LogSource("m365", NO_CATEGORY, "audit")
_GITHUB = LogSource("github", NO_CATEGORY, "audit")
_KUBERNETES = LogSource("kubernetes", "application", "audit")


def is_google(found: Mapping[str, object]) -> bool:
    """Say whether an object is an audit log entry; Pub/Sub keeps it under `data`."""
    if isinstance(found.get("protoPayload"), dict):
        return True
    data = found.get("data")
    return isinstance(data, dict) and isinstance(data.get("protoPayload"), dict)


def google(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of a Google Cloud audit log entry under the names of all its ways of travelling."""
    data = found.get("data")
    entry = data if isinstance(data, dict) and "protoPayload" in data else found
    payload = entry.get("protoPayload")
    payload = payload if isinstance(payload, dict) else {}
    service = text_at(payload, ("serviceName",))
    fields = {**found, "protoPayload": payload, "data": entry}
    named = {
        "gcp.audit.method_name": payload.get("methodName"),
        "gcp.audit.service_name": payload.get("serviceName"),
        "gcp.audit.resource_name": payload.get("resourceName"),
        "data.protoPayload.logName": entry.get("logName"),
        "data.protoPayload.resource.type": at(entry, "resource.type"),
        "protoPayload.Servicename": payload.get("serviceName"),
        "eventService": payload.get("serviceName"),
        "eventName": at(payload, "metadata.event.eventName"),
    }
    fields.update({name: value for name, value in named.items() if value is not None})
    for name, value in _parameters(at(payload, "metadata.event.parameter")):
        fields.setdefault(name, value)
    return Reshaped(fields, _GCP.get(service, _GCP_AUDIT), entry.get("timestamp"))


def _parameters(found: object) -> Iterator[tuple[str, object]]:
    """Yield the names (in small letters, as rules have them) and values of an activity's parameters."""
    waiting = [found]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict) and isinstance(item.get("name"), str):
            value = next(
                (item[key] for key in ("value", "multiValue", "boolValue", "intValue") if key in item), None
            )
            if value is not None:
                yield item["name"].lower(), value


def is_workspace(found: Mapping[str, object]) -> bool:
    """Say whether an object is an activity of the Reports API."""
    return found.get("kind") == "admin#reports#activity"


def workspace(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of an activity under the names that its entry in Google Cloud's log would have."""
    application = text_at(found, ("id.applicationName",))
    fields = dict(found)
    names = at(found, "events.name")
    fields["eventName"] = fields["protoPayload.metadata.event.eventName"] = names
    if application:
        host = f"{application}.googleapis.com"
        fields["eventService"] = fields["protoPayload.serviceName"] = fields["protoPayload.Servicename"] = (
            host
        )
    for name, value in _parameters(at(found, "events.parameters")):
        fields.setdefault(name, value)
    return Reshaped(fields, _GCP.get(f"{application}.googleapis.com", _WORKSPACE))


_ALERTING = ("SecurityComplianceCenter", "Exchange")  # no set: what is asked for may be a list


def is_microsoft(found: Mapping[str, object]) -> bool:
    """Say whether an object is of the unified audit log, or named like rules name it."""
    if "Operation" in found:
        return True
    return found.get("eventSource") in _ALERTING


def microsoft(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of an event of the unified audit log.

    Rules for alerts want their name as `eventName` and the workload as `eventSource`. An alert was raised
    when its record exists, so its status is `success` unless the record says otherwise.
    """
    fields = dict(found)
    workload, name = found.get("Workload"), found.get("Name")
    fields.setdefault("eventSource", workload)
    fields.setdefault("eventName", [name, found.get("Operation")] if name else found.get("Operation"))
    result = found.get("ResultStatus")
    failed = isinstance(result, str) and result.lower() in {
        "failed",
        "failure",
        "false",
        "partiallysucceeded",
    }
    fields.setdefault("status", "failure" if failed else "success")
    several = fields["eventSource"] in _ALERTING
    return Reshaped(fields, _M365 if several else _M365_AUDIT)


def is_github(found: Mapping[str, object]) -> bool:
    """Say whether an object is of an audit log: its action names a thing and what was done to it."""
    action = found.get("action")
    return isinstance(action, str) and "." in action


def github(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of an event of the audit log."""
    return Reshaped(dict(found), _GITHUB)


def kubernetes(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of an audit event; what a new pod asks for is lifted out of the request."""
    audit = at(found, "kubernetes.audit")
    fields = {**found, **(audit if isinstance(audit, dict) else {})}
    spec = "requestObject.spec"
    lifted = {
        "hostPath": at(fields, f"{spec}.volumes.hostPath.path"),
        "capabilities": at(fields, f"{spec}.containers.securityContext.capabilities.add"),
    }
    fields.update({name: value for name, value in lifted.items() if value is not None})
    return Reshaped(fields, _KUBERNETES)
