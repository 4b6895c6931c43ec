"""Fill the JSON templates of EMR's requests (conf/emr/), and check them against boto3's model of the service."""

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore.exceptions import DataNotFoundError
from botocore.validate import ParamValidator

from udfs.errors import BallastError, UsageError
from udfs.storage.conf_files import read_conf

_PLACEHOLDER = re.compile(r"\$\{([a-z_]+)\}")

Values = Mapping[str, Any]


def fill_template(name: str, values: Values) -> dict[str, Any]:
    """Fill the placeholders of the template conf/emr/NAME.json.

    A string that is only a placeholder becomes the value itself: a number, an object, or, in a list, the items of a
    list. A field whose value is None is left out. A key that is a placeholder is replaced by all fields of an object,
    which later fields override. Raises `BallastError` for a placeholder without a value.
    """

    def value_of(match: re.Match[str]) -> Any:
        if match[1] not in values:
            raise BallastError(f"conf/emr/{name}.json: unknown placeholder {match[0]}")
        return values[match[1]]

    def fill(node: Any) -> Any:
        if isinstance(node, dict):
            filled: dict[str, Any] = {}
            for key, item in node.items():
                whole = _PLACEHOLDER.fullmatch(key)
                filled |= value_of(whole) if whole else {key: fill(item)}
            return {key: item for key, item in filled.items() if item is not None}
        if isinstance(node, list):
            items: list[Any] = []
            for item in map(fill, node):
                items += item if isinstance(item, list | tuple) else [item]
            return items
        if isinstance(node, str):
            whole = _PLACEHOLDER.fullmatch(node)
            return value_of(whole) if whole else _PLACEHOLDER.sub(lambda match: str(value_of(match)), node)
        return node

    filled: dict[str, Any] = fill(json.loads(read_conf(f"emr/{name}.json")))
    return filled


def check_request(service: str, operation: str, request: Values) -> None:
    """Raise `UsageError` for a request that boto3's own model of the service does not allow.

    The model has names, types, required fields and lengths. It cannot tell whether an instance type or a role exists.
    """
    try:
        model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    except DataNotFoundError as error:
        raise BallastError(f"this boto3 has no model of {service}: {error}") from error
    generated = {name: str(uuid.uuid4()) for name in model.idempotent_members}  # as boto3 does when it sends
    report = ParamValidator().validate({**generated, **request}, model.input_shape)
    if report.has_errors():
        raise UsageError(f"{operation}: {'; '.join(report.generate_report().splitlines())}")
