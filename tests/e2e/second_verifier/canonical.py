"""Canonical JSON (RFC 8785, integers only) and the subset of JSON Schema that schemas/*.json use."""
import base64
import calendar
import json
import time
from pathlib import Path

from asn1 import Malformed, require

quoted = json.encoder.encode_basestring  # short escapes, \\u00xx for other controls, all else as it is
SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"


def members(pairs):
    result = dict(pairs)
    require(len(result) == len(pairs), "is not canonical JSON: a member twice")
    return result


def no_float(text):
    raise Malformed(f"is not canonical JSON: the number {text}")


def canonical(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in
                              sorted(value, key=lambda key: key.encode("utf-16-be"))) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def parse_json(data, schema=None):
    """The value of bytes that are canonical JSON without a line end, checked with schemas/SCHEMA.json."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=members, parse_float=no_float,
                           parse_constant=no_float)
        same = canonical(value).encode("utf-8") == data
    except (ValueError, RecursionError) as error:
        raise Malformed(f"is not canonical JSON: {error}") from None
    require(same, "is not canonical JSON")
    if schema:
        root = json.loads((SCHEMAS / f"{schema}.json").read_text("utf-8"))
        check_schema(value, root, root, "")
    return value


def check_schema(value, schema, root, where):
    if "$ref" in schema:
        return check_schema(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, where)
    here = where or "the whole"
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    if "type" in schema:
        right = isinstance(value, kinds[schema["type"]]) and not (schema["type"] == "integer"
                                                                  and isinstance(value, bool))
        require(right, f"{here} is not of type {schema['type']}")
    require("const" not in schema or (value == schema["const"] and not isinstance(value, bool)),
            f"{here} has another value")
    require("enum" not in schema or value in schema["enum"], f"{here} has a value that is not on the list")
    if isinstance(value, int) and not isinstance(value, bool):
        require(schema.get("minimum", value) <= value <= schema.get("maximum", value), f"{here} is out of range")
    if isinstance(value, str):
        require(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 1 << 30),
                f"{here} has a wrong length")
        check_format(value, schema.get("format"), here)
    if isinstance(value, list):
        require(schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 1 << 30),
                f"{here} has a wrong length")
        for number, item in enumerate(value):
            check_schema(item, schema["items"], root, f"{where}/{number}")
    if isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties", True)
        for key in schema.get("required", []):
            require(key in value, f"{here} lacks {key}")
        for key, item in value.items():
            require(key in known or other, f"{here} has the unknown member {key}")
            if key in known or isinstance(other, dict):
                check_schema(item, known.get(key, other), root, f"{where}/{key}")
    return None


def check_format(text, kind, here):
    if kind == "hex":
        require(len(text) % 2 == 0 and set(text) <= set("0123456789abcdef"), f"{here} is not lower-case hex")
    elif kind == "base64":
        decode_base64(text, here)
    elif kind == "date-time":
        seconds(text)


def decode_base64(text, here="a value"):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Malformed(f"{here} is not base64") from None
    require(base64.b64encode(data).decode() == text, f"{here} is not strict base64")
    return data


def seconds(text):
    """Seconds since 1970 of 2026-11-20T15:36:00Z or, as certificates have it, 20261120153600Z."""
    form = "%Y-%m-%dT%H:%M:%SZ" if "-" in text else "%Y%m%d%H%M%SZ"
    try:
        value = calendar.timegm(time.strptime(text, form))
    except ValueError:
        raise Malformed(f"has the impossible time {text}") from None
    require(time.strftime(form, time.gmtime(value)) == text, f"has the impossible time {text}")
    return value
