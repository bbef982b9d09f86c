"""The template as CloudFormation gets it: who may do what, what is called by whom, what is kept and watched."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from chalicelib.core import settings
from infra.aws.deploy import names, package_upload
from infra.aws.packaging import functions, template
from tests.unit.aws.conftest import Packaged, expanded

WAF = template.AWS / "waf.yaml"
OTHER_GRANTS = {
    "APIHandler": {
        "execute-api:ManageConnections on live/POST/@connections/*",
        "execute-api:ManageConnections on live/DELETE/@connections/*",
        "iot:DeleteConnection on client/*",
        "iot:Publish on topic/iot/devices/*/commands",
        "ses:SendEmail on identity/*",
        "ses:SendRawEmail on identity/*",
        "ssm:GetParametersByPath on parameter/ghostwatt/${Stage}/signing-keys",
        "s3:GetObject on ${ExportBucket.Arn}/*",
        "s3:DeleteObject on ${ExportBucket.Arn}/*",
        "lambda:InvokeFunction on AccountMail.Arn",
        "lambda:InvokeFunction on ExportJob.Arn",
    },
    "AccountMail": {"ses:SendEmail on identity/*", "ses:SendRawEmail on identity/*"},
    "ExportJob": {"s3:DeleteObject on ${ExportBucket.Arn}/*", "s3:PutObject on ${ExportBucket.Arn}/*"},
    "Examine": {
        "dynamodb:DescribeStream on ReadingsTable.StreamArn",
        "dynamodb:GetRecords on ReadingsTable.StreamArn",
        "dynamodb:GetShardIterator on ReadingsTable.StreamArn",
        "dynamodb:ListStreams on ReadingsTable.StreamArn",
        "execute-api:ManageConnections on live/POST/@connections/*",
        "iot:Publish on topic/iot/devices/*/commands",
        "sqs:SendMessage on DeadLetters.Arn",
    },
    "Sweep": {
        "execute-api:ManageConnections on live/POST/@connections/*",
        "execute-api:ManageConnections on live/DELETE/@connections/*",
        "iot:DeleteConnection on client/*",
        "ses:SendEmail on identity/*",
        "ses:SendRawEmail on identity/*",
        "s3:DeleteObject on ${ExportBucket.Arn}/*",
    },
    "WebsocketConnect": {"execute-api:ManageConnections on live/DELETE/@connections/*"},
    "WebsocketMessage": set(),
    "WebsocketDisconnect": set(),
    "MqttData": {
        "execute-api:ManageConnections on live/POST/@connections/*",
        "iot:Publish on topic/iot/devices/*/commands",
        "iot:DeleteConnection on client/*",
        "sqs:SendMessage on DeadLetters.Arn",
    },
    "MqttAuthorize": {"iot:DeleteConnection on client/*"},
    "MqttRule": {"sqs:SendMessage on DeadLetters.Arn"},
}
"""All that is granted besides tables (those: packaging/grants.yaml, held by the integration tests), log and X-Ray."""
HOUSEKEEPING = ("logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords")


def resource(given: Any) -> str:
    """A statement's resource in short: Table.Arn, Table/index, or the tail of a longer name."""
    match given:
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"{name}.{attribute}"
        case {"Fn::Sub": str(text)} if text.startswith("${") and "/index/" in text:
            return text[2:].replace(".Arn}/index", "")
        case {"Fn::Sub": str(text)}:
            return text.rpartition("${AWS::AccountId}:")[2].removeprefix("${WebsocketAPI}/")
        case "*":
            return "*"
        case _:
            raise AssertionError(f"a form of resource that this test does not know: {given}")


def granted(role: dict[str, Any]) -> set[tuple[str, str]]:
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    found = set()
    for given in policy["PolicyDocument"]["Statement"]:
        assert given.get("Fn::If", [None, None, None])[2] in (None, {"Ref": "AWS::NoValue"})
        statement = given["Fn::If"][1] if "Fn::If" in given else given
        assert statement["Effect"] == "Allow"
        found |= {(action, resource(statement["Resource"])) for action in statement["Action"]}
    return found


def roles(packaged: Packaged) -> dict[str, set[tuple[str, str]]]:
    return {
        name.removesuffix("Role"): granted(properties)
        for name, properties in packaged.of_type("AWS::IAM::Role").items()
    }


def test_every_grant_is_one_that_is_listed(packaged: Packaged) -> None:
    for name, given in roles(packaged).items():
        others = {f"{action} on {on}" for action, on in given if action not in HOUSEKEEPING and not is_table(on)}
        assert others == OTHER_GRANTS[name], name
        tables = functions.grants().get(name, {}).get("tables", {})
        wanted = {(f"dynamodb:{action}", place) for place, actions in tables.items() for action in actions}
        assert {(action, on.removesuffix(".Arn")) for action, on in given if is_table(on)} == wanted, name
    assert set(roles(packaged)) == set(OTHER_GRANTS)


def is_table(on: str) -> bool:
    return on.partition("/")[0].removesuffix(".Arn").endswith("Table")


def test_no_action_and_no_resource_is_a_wildcard_but_x_rays_which_knows_none(packaged: Packaged) -> None:
    for given in roles(packaged).values():
        assert not [action for action, _ in given if "*" in action]
        assert {action for action, on in given if on == "*"} <= {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def test_each_function_has_a_role_and_a_log_of_its_own_that_ends(packaged: Packaged) -> None:
    logs = packaged.of_type("AWS::Logs::LogGroup")
    assert all("RetentionInDays" in log for log in logs.values())
    for name, function in packaged.of_type("AWS::Lambda::Function").items():
        assert function["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
        assert function["LoggingConfig"]["LogGroup"] == {"Ref": f"{name}Log"}
        assert function["LoggingConfig"]["SystemLogLevel"] == "WARN", "START, END and REPORT are half of the bytes"
        assert {("logs:PutLogEvents", f"{name}Log.Arn")} == {
            grant for grant in roles(packaged)[name] if grant[0] == "logs:PutLogEvents"
        }
        assert function["Runtime"] == "python3.11"


TRIGGERS = {
    "APIHandler": ("apigateway.amazonaws.com", "RestAPI"),
    "WebsocketConnect": ("apigateway.amazonaws.com", "WebsocketAPI"),
    "WebsocketMessage": ("apigateway.amazonaws.com", "WebsocketAPI"),
    "WebsocketDisconnect": ("apigateway.amazonaws.com", "WebsocketAPI"),
    "Sweep": ("events.amazonaws.com", "SweepSweepEvent"),
    "MqttData": ("iot.amazonaws.com", "MqttRule"),
    "MqttAuthorize": ("iot.amazonaws.com", "MqttAuthorizer"),
}
"""Who calls a function, and the one thing of theirs that may.

The stream is read by Examine's own role, exports and mails are started by the API's.
"""


def test_each_trigger_may_invoke_its_function_and_nothing_else_may(packaged: Packaged) -> None:
    permissions = packaged.of_type("AWS::Lambda::Permission").values()
    found = {
        given["FunctionName"]["Ref"]: (given["Principal"], json.dumps(given["SourceArn"])) for given in permissions
    }
    assert len(permissions) == len(found)
    assert {name: principal for name, (principal, _) in found.items()} == {
        name: who for name, (who, _) in TRIGGERS.items()
    }
    for name, (_, source) in TRIGGERS.items():
        assert f'"{source}"' in found[name][1]
    assert set(TRIGGERS) | {"AccountMail", "Examine", "ExportJob"} == set(packaged.of_type("AWS::Lambda::Function"))


def test_the_stream_is_read_whole_retried_bisected_and_what_fails_is_kept(packaged: Packaged) -> None:
    (mapping,) = packaged.of_type("AWS::Lambda::EventSourceMapping").values()
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["ReadingsTable", "StreamArn"]}
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BatchSize"] >= 100
    (only,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(only["Pattern"]) == {"eventName": ["INSERT", "MODIFY"]}, "what stream.py reads, and no expiry"
    assert "ParallelizationFactor" not in mapping, "it would examine a device's chunks out of order"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"]
    assert mapping["MaximumRetryAttempts"] > 0
    assert mapping["MaximumRecordAgeInSeconds"] < 86_400
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}}


def test_only_prods_tables_outlive_their_stack_and_all_can_be_guarded(packaged: Packaged) -> None:
    fate = "Retain" if packaged.parameters["Stage"]["Default"] == "prod" else "Delete"
    for name in packaged.of_type("AWS::DynamoDB::Table"):
        table = packaged.resources[name]
        assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == (fate, fate)
        assert table["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["IsProd", True, False]}
        assert "SSESpecification" in table["Properties"]


def test_the_gateways_have_one_stage_each_with_the_names_that_cloudfront_sends_on(packaged: Packaged) -> None:
    (rest,) = packaged.of_type("AWS::ApiGateway::Stage").values()
    (live,) = packaged.of_type("AWS::ApiGatewayV2::Stage").values()
    assert (rest["StageName"], live["StageName"]) == ("api", "live")
    (api,) = packaged.of_type("AWS::ApiGateway::RestApi").values()
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}


def test_the_gateways_own_answers_are_there_from_the_first_deployment(packaged: Packaged) -> None:
    (api,) = packaged.of_type("AWS::ApiGateway::RestApi").values()
    answers = api["Body"]["x-amazon-apigateway-gateway-responses"]
    assert {"MISSING_AUTHENTICATION_TOKEN", "DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED"} <= set(answers)


def test_the_gateway_limits_the_whole_stage_and_no_method_so_that_nobody_shuts_others_out(packaged: Packaged) -> None:
    (stage,) = packaged.of_type("AWS::ApiGateway::Stage").values()
    (setting,) = stage["MethodSettings"]
    assert (setting["HttpMethod"], setting["ResourcePath"]) == ("*", "/*")
    assert setting["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert packaged.parameters["RequestsPerSecond"]["Default"] == 200
    for function in packaged.of_type("AWS::Lambda::Function").values():
        assert function["Environment"]["Variables"]["LIMITS"] == {"Ref": "Limits"}, "they limit each address"


def test_a_firewall_is_used_only_where_one_is_given(packaged: Packaged) -> None:
    (properties,) = packaged.of_type("AWS::CloudFront::Distribution").values()
    assert properties["DistributionConfig"]["WebACLId"] == {
        "Fn::If": ["HasWebAcl", {"Ref": "WebAclArn"}, {"Ref": "AWS::NoValue"}]
    }
    assert packaged.parameters["WebAclArn"]["Default"] == ""
    assert not packaged.of_type("AWS::WAFv2::WebACL")


def test_the_firewall_blocks_an_address_that_calls_too_often_with_an_answer_in_our_form() -> None:
    given = yaml.safe_load(WAF.read_text())
    acl = given["Resources"]["WebAcl"]["Properties"]
    (rule,) = acl["Rules"]
    assert (acl["Scope"], acl["DefaultAction"]) == ("CLOUDFRONT", {"Allow": {}})
    assert rule["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
    answer = rule["Action"]["Block"]["CustomResponse"]
    assert answer["ResponseCode"] == 429
    assert [header["Name"] for header in answer["ResponseHeaders"]] == ["Retry-After"]
    body = json.loads(acl["CustomResponseBodies"][answer["CustomResponseBodyKey"]]["Content"])
    assert (body["success"], body["code"]) == (False, "too_many_requests")


def test_access_logs_hold_no_secret(packaged: Packaged) -> None:
    (rest,) = packaged.of_type("AWS::ApiGateway::Stage").values()
    (live,) = packaged.of_type("AWS::ApiGatewayV2::Stage").values()
    for text in (rest["AccessLogSetting"]["Format"], live["AccessLogSettings"]["Format"]):
        json.loads(text)
        assert not [word for word in ("querystring", "header", "$context.path", "authorizer", "body") if word in text]
    assert all(not setting.get("DataTraceEnabled") for setting in rest["MethodSettings"])
    (distribution,) = packaged.of_type("AWS::CloudFront::Distribution").values()
    assert "Logging" not in distribution["DistributionConfig"]


def test_cloudfront_sends_api_and_live_on_uncached_and_leaves_their_errors_alone(packaged: Packaged) -> None:
    (properties,) = packaged.of_type("AWS::CloudFront::Distribution").values()
    config = properties["DistributionConfig"]
    assert "CustomErrorResponses" not in config
    assert {behaviour["PathPattern"]: behaviour["TargetOriginId"] for behaviour in config["CacheBehaviors"]} == {
        "/api/*": "api",
        "/live": "live",
    }
    for behaviour in config["CacheBehaviors"]:
        assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
        assert behaviour["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
        assert "DELETE" in behaviour["AllowedMethods"]
    assert config["DefaultCacheBehavior"]["ResponseHeadersPolicyId"] == {"Ref": "PageHeaders"}


def test_no_secret_is_in_the_environment_or_the_template(packaged: Packaged) -> None:
    assert "JWT_SECRET" not in packaged.path.read_text()
    assert packaged.parameters["OriginSecret"] == packaged.parameters["OriginSecret"] | {"NoEcho": True, "Default": ""}
    for function in packaged.of_type("AWS::Lambda::Function").values():
        assert {"Ref": "OriginSecret"} not in function["Environment"]["Variables"].values()


def test_mail_leaves_in_the_name_of_one_sender_and_only_where_one_is_given(packaged: Packaged) -> None:
    assert packaged.parameters["MailFrom"]["Default"] == ""
    for name, role in packaged.of_type("AWS::IAM::Role").items():
        (policy,) = role["Policies"]
        for given in (one for one in policy["PolicyDocument"]["Statement"] if "ses:" in json.dumps(one)):
            condition, statement, otherwise = given["Fn::If"]
            assert (condition, otherwise) == ("SendsMail", {"Ref": "AWS::NoValue"}), name
            assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "MailFrom"}}}, name


READ = re.compile(r'os\.environ(?:\.get\(|\[)"(\w+)"')


def test_a_functions_environment_holds_what_settings_reads_and_its_logs_are_json(packaged: Packaged) -> None:
    read = set(READ.findall(Path(settings.__file__).read_text()))
    for name, function in packaged.of_type("AWS::Lambda::Function").items():
        variables = function["Environment"]["Variables"]
        assert set(variables) <= read, name
        assert variables["LOGS"] == "json"
        assert variables["IOT_ENDPOINT"] == {"Fn::Sub": "https://data-ats.iot.${AWS::Region}.${AWS::URLSuffix}"}
        assert variables["MAIL_FROM"] == {"Ref": "MailFrom"}


def test_preflight_allows_the_origin_that_the_functions_allow(packaged: Packaged) -> None:
    (api,) = packaged.of_type("AWS::ApiGateway::RestApi").values()
    preflights = [path["options"]["x-amazon-apigateway-integration"] for path in api["Body"]["paths"].values()]
    assert preflights
    for preflight in preflights:
        allowed = preflight["responses"]["default"]["responseParameters"]
        assert allowed["method.response.header.Access-Control-Allow-Origin"] == {"Fn::Sub": "'${WebOrigin}'"}
    assert "localhost:8000" not in packaged.path.read_text()


def test_another_origin_is_another_deployment_of_the_gateway(packaged: Packaged) -> None:
    """Otherwise the gateway's own answers would keep the origin that was set first."""

    def deployments(origin: str) -> set[str]:
        text = package_upload.with_code(packaged.path.read_text(), "s3://bucket/deployment.zip")
        resources = expanded(package_upload.with_origin(text, origin), "dev")["Resources"]
        return {name for name, one in resources.items() if one["Type"] == "AWS::ApiGateway::Deployment"}

    first = deployments("https://a.example")
    assert first
    assert first == deployments("https://a.example")
    assert not first & deployments("https://b.example")


def test_another_route_is_another_deployment_of_the_websocket(packaged: Packaged) -> None:
    content = yaml.safe_load(packaged.path.read_text())
    (name,) = [name for name, one in content["Resources"].items() if one["Type"] == "AWS::ApiGatewayV2::Deployment"]
    assert content["Resources"]["WebsocketAPIStage"]["Properties"]["DeploymentId"] == {"Ref": name}

    def named_anew(*, change: bool) -> str:
        made = yaml.safe_load(packaged.path.read_text())
        made["Resources"][template.WEBSOCKET_DEPLOYMENT] = made["Resources"].pop(name)
        if change:
            made["Resources"]["WebsocketMessageRoute"]["Properties"]["RouteKey"] = "another"
        again = template.with_deployment_of_routes(made)["Resources"]
        return next(str(one) for one in again if one.startswith(template.WEBSOCKET_DEPLOYMENT))

    assert named_anew(change=False) == name
    assert named_anew(change=True) != name


def test_nothing_is_traced_unless_that_is_asked_for(packaged: Packaged) -> None:
    assert packaged.parameters["Trace"]["Default"] == "no"
    for function in packaged.of_type("AWS::Lambda::Function").values():
        assert function["TracingConfig"] == {"Mode": {"Fn::If": ["Traces", "Active", "PassThrough"]}}
    (rest,) = packaged.of_type("AWS::ApiGateway::Stage").values()
    assert rest["TracingEnabled"] == {"Fn::If": ["Traces", True, False]}
    for role in packaged.of_type("AWS::IAM::Role").values():
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
            assert "xray:" not in json.dumps(statement) or statement["Fn::If"][0] == "Traces"


def test_names_that_count_in_the_whole_account_hold_the_region(packaged: Packaged) -> None:
    named = [
        *(
            one["ResponseHeadersPolicyConfig"]
            for one in packaged.of_type("AWS::CloudFront::ResponseHeadersPolicy").values()
        ),
        *(
            one["OriginAccessControlConfig"]
            for one in packaged.of_type("AWS::CloudFront::OriginAccessControl").values()
        ),
        *({"Name": one["Budget"]["BudgetName"]} for one in packaged.of_type("AWS::Budgets::Budget").values()),
    ]
    names = [one["Name"]["Fn::Sub"] for one in named]
    assert len(names) == 4
    assert all(name.endswith("-${AWS::Region}") for name in names)


def test_pace_and_shards_are_settings_of_a_stage_with_the_values_of_before(packaged: Packaged) -> None:
    for name, variable in {"UploadSeconds": "UPLOAD_SECONDS", "DueShards": "DUE_SHARDS"}.items():
        for function in packaged.of_type("AWS::Lambda::Function").values():
            assert function["Environment"]["Variables"][variable] == {"Ref": name}
    assert (packaged.parameters["UploadSeconds"]["Default"], packaged.parameters["DueShards"]["Default"]) == (60, 4)
    assert packaged.parameters["UploadSeconds"]["MaxValue"] // 2 * 4 <= 500, "four outlets fill one batch"


def test_the_authorizer_answers_within_the_five_seconds_that_iot_waits(packaged: Packaged) -> None:
    authorizer = packaged.resources["MqttAuthorize"]["Properties"]
    assert (authorizer["Timeout"], authorizer["MemorySize"]) == (5, 512)


def test_a_name_of_your_own_needs_its_certificate_in_us_east_1(packaged: Packaged) -> None:
    content = yaml.safe_load(packaged.path.read_text())
    (assertion,) = content["Rules"]["NameWithCertificate"]["Assertions"]
    assert "CertificateArn" in assertion["AssertDescription"]
    pattern = re.compile(packaged.parameters["CertificateArn"]["AllowedPattern"])
    assert pattern.match("")
    assert pattern.match("arn:aws:acm:us-east-1:123456789012:certificate/1")
    assert not pattern.match("arn:aws:acm:eu-central-1:123456789012:certificate/1")


def test_the_alarms_that_undo_a_release_are_there(packaged: Packaged) -> None:
    named = {alarm["AlarmName"]["Fn::Sub"] for alarm in packaged.of_type("AWS::CloudWatch::Alarm").values()}
    assert {names.alarm_name("${Stage}", alarm) for alarm in names.RELEASE_ALARMS} <= named


def test_every_alarm_tells_the_topic(packaged: Packaged) -> None:
    alarms = packaged.of_type("AWS::CloudWatch::Alarm")
    assert {
        "DeadLettersAlarm",
        "IteratorAgeAlarm",
        "SweepSilentAlarm",
        "ThrottlesAlarm",
        "GatewayFailuresAlarm",
        "FunctionErrorsAlarm",
        "WriteThrottlesAlarm",
        "MqttFailuresAlarm",
    } <= set(alarms)
    assert all(alarm["AlarmActions"] == [{"Ref": "Alarms"}] for alarm in alarms.values())
    assert len(alarms) <= 10, "ten alarms are free"
