from __future__ import annotations

import json

import pytest

from infra.local.emulator import template
from infra.local.emulator.edge_responses import REST_API, GatewayAnswers, answers_of
from infra.local.emulator.template import Template

OURS = template.load({"Stage": "local", "WebOrigin": "https://page.example"})


@pytest.mark.parametrize("given", answers_of(OURS).values(), ids=answers_of(OURS))
def test_every_answer_of_the_template_is_a_failure_in_our_shape_with_cors(given: dict[str, object]) -> None:
    templates = given["ResponseTemplates"]
    parameters = given["ResponseParameters"]
    assert isinstance(templates, dict)
    assert isinstance(parameters, dict)

    body = json.loads(templates["application/json"].replace("$context.error.messageString", '"text"'))
    assert body["success"] is False
    assert body["error"]
    assert body["code"]
    assert parameters["Headers"]["Access-Control-Allow-Origin"] == "'https://page.example'"


def test_a_type_that_the_template_leaves_out_falls_to_its_default_with_the_gateways_own_status_and_words() -> None:
    default = {
        "Type": REST_API,
        "Properties": {
            "GatewayResponses": {
                "DEFAULT_4XX": {"ResponseTemplates": {"application/json": '{"error":$context.error.messageString}'}},
            },
        },
    }

    answer = GatewayAnswers(Template({"D": default}, {})).render("REQUEST_TOO_LARGE", 'a "quoted" word')

    assert answer.status_code == 413
    assert json.loads(bytes(answer.body)) == {"error": 'a "quoted" word'}
