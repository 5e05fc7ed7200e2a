"""Azure's and Entra ID's logs: the same events with small letters, with capitals, and with properties apart.

Rules were written against all three: the stream of diagnostic settings (`operationName`, `properties.x`), Log
Analytics (`OperationName`) and the portal's names (`Status`). Every field is given under all of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tocsin.decode.paths import at, text_at
from tocsin.decode.reshaped import Reshaped
from tocsin.model import NO_CATEGORY, LogSource

_SERVICES = {
    **dict.fromkeys(
        (
            "signinlogs",
            "noninteractiveusersigninlogs",
            "serviceprincipalsigninlogs",
            "managedidentitysigninlogs",
            "adfssigninlogs",
            "aadnoninteractiveusersigninlogs",
            "aadserviceprincipalsigninlogs",
        ),
        "signinlogs",
    ),
    **dict.fromkeys(("auditlogs", "provisioninglogs"), "auditlogs"),
    **dict.fromkeys(
        (
            "userriskevents",
            "riskyusers",
            "serviceprincipalriskevents",
            "riskyserviceprincipals",
            "aaduserriskevents",
        ),
        "riskdetection",
    ),
    **dict.fromkeys(
        (
            "administrative",
            "servicehealth",
            "resourcehealth",
            "alert",
            "autoscale",
            "recommendation",
            "security",
            "azureactivity",
        ),
        "activitylogs",
    ),
}
"""What diagnostic settings call the category of an event, or Log Analytics its table -> Sigma's service."""

_LOGS = {
    name: LogSource("azure", NO_CATEGORY, name)
    for name in ("signinlogs", "auditlogs", "riskdetection", "activitylogs")
}
_UNSURE = LogSource("azure", NO_CATEGORY)

_OTHER_NAMES = {
    "OperationNameValue": "operationName",
    "CategoryValue": "category",
    "Username": "userPrincipalName",
    "ClientApp": "clientAppUsed",
    "Initiatedby": "initiatedBy",
    "ActivityType": "activityDisplayName",
    "activityType": "activityDisplayName",
    "failure_status_reason": "resultReason",
}
"""What single rules call a field -> how the stream has it."""

_TEXTS = ("targetResources", "initiatedBy", "networkLocationDetails", "modifiedProperties")
"""Lists and objects that rules also search as text, as Log Analytics keeps them."""


def reshaped(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of an event under all names, and which of Azure's logs it is from."""
    fields: dict[str, object] = dict(found)
    properties = found.get("properties", found.get("Properties"))
    inner: Mapping[str, object] = properties if isinstance(properties, dict) else {}
    plain = {**inner, **{name: _plain(value) for name, value in found.items()}}
    for name, value in plain.items():
        for other in (name, name[:1].upper() + name[1:], name[:1].lower() + name[1:]):
            fields.setdefault(other, value)
    fields["operationName"] = _plain(fields.get("operationName"))
    service = _service(fields)
    if service == "signinlogs":
        _sign_in(fields)
    elif service == "auditlogs":
        _audit(fields)
    else:
        operation = fields["operationName"]
        fields.setdefault("ResourceProviderValue", str(operation or "").partition("/")[0])
        _message(fields, inner, operation)
    for ours, theirs in _OTHER_NAMES.items():
        if fields.get(theirs) is not None:
            fields.setdefault(ours, fields[theirs])
    for name in _TEXTS:
        _with_text(fields, name)
    return Reshaped(
        {name: value for name, value in fields.items() if value is not None}, _LOGS.get(service, _UNSURE)
    )


def _plain(value: object) -> object:
    """Return the value of what Azure's command line writes with a localised form beside it."""
    return (
        value["value"]
        if isinstance(value, dict) and "value" in value and "localizedValue" in value
        else value
    )


def _service(fields: Mapping[str, object]) -> str:
    for name in ("category", "Type", "categoryValue"):
        value = fields.get(name)
        known = _SERVICES.get(value.lower()) if isinstance(value, str) else None
        if known:
            return known
    if "riskEventType" in fields:
        return "riskdetection"
    if "activityDateTime" in fields or "loggedByService" in fields:
        return "auditlogs"
    if "appDisplayName" in fields or "authenticationRequirement" in fields:
        return "signinlogs"
    operation = fields.get("operationName")
    return "activitylogs" if isinstance(operation, str) and "/" in operation else ""


def _sign_in(fields: dict[str, object]) -> None:
    status = fields.get("status")
    code = text_at(fields, ("status.errorCode", "resultType", "ResultType"))
    said = [text_at(fields, (name,)) for name in ("status.failureReason", "status.additionalDetails")]
    if code:
        told: list[object] = ["Success" if code == "0" else "Failure", *filter(None, said)]
        fields["Status"] = [*([status] if status is not None else []), *told]
        fields.setdefault("ResultType", code)
        fields.setdefault("resultType", code)
    if said[0]:
        fields.setdefault("ResultDescription", said[0])
    kind = at(fields, "deviceDetail.trustType")
    if kind is not None:
        fields["DeviceDetail.trusttype"] = kind
    fields.setdefault("properties.message", at(fields, "authenticationProtocol"))


def _audit(fields: dict[str, object]) -> None:
    activity = fields.get("activityDisplayName") or fields["operationName"]
    for name in ("operationName", "OperationName", "ActivityDisplayName", "activityDisplayName"):
        if fields.get(name) is None:
            fields[name] = activity
    _message(fields, fields, activity)
    if "Status" not in fields:
        fields["Status"] = [
            found for name in ("result", "resultReason") if (found := fields.get(name))
        ] or None
    details = fields.get("additionalDetails")
    for pair in details if isinstance(details, list) else []:
        if isinstance(pair, dict) and isinstance(pair.get("key"), str):
            fields.setdefault(f"additionalDetails.{pair['key']}", pair.get("value"))
    targets = fields.get("targetResources")
    changed = [
        change
        for target in (targets if isinstance(targets, list) else [])
        if isinstance(target, dict) and isinstance(target.get("modifiedProperties"), list)
        for change in target["modifiedProperties"]
        if isinstance(change, dict)
    ]
    if changed:
        fields["TargetResources.modifiedProperties"] = _text(changed)
        fields["TargetResources.ModifiedProperties.DisplayName"] = [
            change.get("displayName") for change in changed
        ]
        fields["TargetResources.ModifiedProperties.NewValue"] = [change.get("newValue") for change in changed]


def _message(fields: dict[str, object], inner: Mapping[str, object], activity: object) -> None:
    """Let rules find in `properties.message` what the portal shows: what was done."""
    said = [inner.get("message"), activity]
    fields["properties.message"] = [text for text in said if isinstance(text, str)] or None


def _with_text(fields: dict[str, object], name: str) -> None:
    value = fields.get(name)
    if isinstance(value, dict | list):
        both = [value, _text(value)]
        for other in (name, name[:1].upper() + name[1:]):
            fields[other] = both
        fields[f"properties.{name}"] = both


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode("utf-8")
