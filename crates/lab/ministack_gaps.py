"""What MiniStack 1.5.33 lacks for Relight's templates, added before it starts. Nothing here makes it laxer than it is.

Composite alarms in CloudFormation, the M of N of an alarm's data points, and what IAM is told about a request: the
resources and tags of the RDS calls that move a global database, the tags of a target group, the namespace of a metric,
and the machine that a task token is of. Of a state that waits for a token: a time-out that is an expression, as much
shorter as the machine's waits are, and a function that fails before anybody answers. And Step Functions' own write of
an object to S3, whose body is text as it is and JSON of anything else. And of RDS: the automated snapshot of the old
primary that a managed failover leaves in its Region, and the copy of a cluster's snapshot, which knows both as resources.
And of Route 53: the booleans of a health check as XML has them, and a health check in CloudFormation.
"""

import contextvars
import json
import time

from ministack.core import iam_actions, iam_evaluator, responses
from ministack.services import alb, cloudwatch, rds, route53, s3, stepfunctions, tagging
from ministack.services.cloudformation import provisioners

_second = contextvars.ContextVar("second_resource", default=None)
_machine = contextvars.ContextVar("machine", default=None)
_token = contextvars.ContextVar("token", default=None)
_machines = {}  # which machine a token is of; kept, since a token may be used too late
_MOVES = {"RemoveFromGlobalCluster": "DbClusterIdentifier", "FailoverGlobalCluster": "TargetDbClusterIdentifier"}


def _resource_arn(original):
    def resource_arn(service, method, path, headers, body, query_params, region, account_id):
        _second.set(None)
        action = iam_actions._query_param(query_params, "Action")
        if service == "rds" and action in _MOVES:
            name = iam_actions._query_param(query_params, "GlobalClusterIdentifier")
            _second.set(f"arn:aws:rds::{account_id}:global-cluster:{name}")
            cluster = iam_actions._query_param(query_params, _MOVES[action])
            return cluster if cluster.startswith("arn:") else f"arn:aws:rds:{region}:{account_id}:cluster:{cluster}"
        if service == "rds" and action == "CopyDBClusterSnapshot":
            names = (iam_actions._query_param(query_params, f"{end}DBClusterSnapshotIdentifier") for end in ("Source", "Target"))
            source, target = (f"arn:aws:rds:{region}:{account_id}:cluster-snapshot:{name}" for name in names)
            _second.set(target)
            return source
        if service == "states" and b"taskToken" in (body or b""):
            return _machines.get(json.loads(body).get("taskToken"), "*")
        return original(service, method, path, headers, body, query_params, region, account_id)

    return resource_arn


def _failover_leaves_snapshot(original):
    """As AWS tries to; the name ends in the time. (Aurora user guide, "Using switchover or failover in Amazon Aurora Global Database".)"""

    def failover(p):
        old = _writer(rds._p(p, "GlobalClusterIdentifier"))
        answer = original(p)
        if answer[0] == 200 and str(rds._p(p, "AllowDataLoss")).lower() == "true" and old:
            region, name = old.split(":")[3], old.split(":")[-1]
            here = responses.get_region()
            responses.set_request_region(region)
            try:
                cluster = rds._resolve_cluster_in_request_region(name)
                left = f"rds:unplanned-global-failover-{name}-{time.strftime('%Y-%m-%d-%H-%M', time.gmtime())}"
                rds._create_cluster_snapshot_internal(left, cluster)["SnapshotType"] = "automated"
            finally:
                responses.set_request_region(here)
        return answer

    return failover


def _writer(name):
    found = rds._resolve_global_cluster(name) or {}
    writers = [member["DBClusterArn"] for member in found.get("GlobalClusterMembers", []) if member.get("IsWriter")]
    return writers[0] if writers else None


def _copy_cluster_snapshot(p):
    source, target = rds._p(p, "SourceDBClusterSnapshotIdentifier"), rds._p(p, "TargetDBClusterSnapshotIdentifier")
    found = rds._db_cluster_snapshots.get(source)
    if not found:
        return rds._error("DBClusterSnapshotNotFoundFault", f"DB cluster snapshot {source} not found.", 404)
    if target in rds._db_cluster_snapshots:
        return rds._error("DBClusterSnapshotAlreadyExistsFault", f"DB cluster snapshot {target} already exists.", 400)
    arn = found["DBClusterSnapshotArn"].replace(f":cluster-snapshot:{source}", f":cluster-snapshot:{target}")
    copy = {**found, "DBClusterSnapshotIdentifier": target, "DBClusterSnapshotArn": arn, "SnapshotType": "manual"}
    rds._db_cluster_snapshots[target] = copy
    inner = f"<DBClusterSnapshot>{rds._cluster_snapshot_xml(copy)}</DBClusterSnapshot>"
    result = f"<CopyDBClusterSnapshotResult>{inner}</CopyDBClusterSnapshotResult>"
    return rds._xml(200, "CopyDBClusterSnapshotResponse", result)


def _execute_task(original):
    def execute(state_def, raw_input, execution, ctx):
        _machine.set(execution["stateMachineArn"])
        if isinstance(state_def.get("TimeoutSeconds"), str):
            seconds = stepfunctions._apply_jsonata_template(state_def["TimeoutSeconds"], raw_input, ctx)
            people = ".waitForTaskToken" in state_def.get("Resource", "")
            state_def = {**state_def, "TimeoutSeconds": seconds * stepfunctions._SFN_WAIT_SCALE if people else seconds}
        return original(state_def, raw_input, execution, ctx)

    return execute


def _invoke_with_callback(original):
    def invoke(resource, input_data, token, state_def):
        _machines[token] = _machine.get()
        before = _token.set(token)
        try:
            return original(resource, input_data, token, state_def)
        finally:
            _token.reset(before)

    return invoke


def _call_lambda(original):
    def call(func_ref, event):
        try:
            return original(func_ref, event)
        except stepfunctions._ExecutionError as error:
            waiting = stepfunctions._task_tokens.get(_token.get())
            if waiting is not None:
                waiting["error"] = {"Error": error.error, "Cause": error.cause}
                waiting["event"].set()
            raise

    return call


def _enforce(original):
    def enforce(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        denied = original(access_key_id, iam_action, service, region, resource_arn, service_context)
        second = _second.get()
        if denied is None and second and service == "rds":
            denied = original(access_key_id, iam_action, service, region, second, service_context)
        return denied

    return enforce


def _request_context(original):
    def context(service, iam_action, body, params):
        found = original(service, iam_action, body, params)
        if iam_action == "cloudwatch:PutMetricData":
            try:
                import cbor2
                namespace = cbor2.loads(body).get("Namespace")
            except Exception:  # not CBOR: JSON or the Query protocol
                namespace = iam_actions._param(body, params, "Namespace")
            found["cloudwatch:namespace"] = namespace
        return found

    return context


def _collect(service):
    def collect():
        yield from ((arn, [{"Key": t["Key"], "Value": t["Value"]} for t in tags]) for arn, tags in service._tags.items())

    return collect


def _composite_put(name, props):
    data = {**props, "AlarmName": name}
    status, _, body = cloudwatch._put_composite_alarm({}, data, False, True)
    if status != 200:
        raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def _composite_create(logical_id, props, stack_name):
    return _composite_put(props.get("AlarmName") or f"{stack_name}-{logical_id}", props)


def _composite_update(physical_id, old_props, new_props, stack_name):
    return _composite_put(physical_id, new_props)


def _composite_delete(physical_id, props):
    cloudwatch._composite_alarms.pop(physical_id, None)


def _health_check_create(logical_id, props, stack_name):
    found = props["HealthCheckConfig"]
    config = {name: str(value).lower() == "true" if name in ("Inverted", "Disabled") else value for name, value in found.items()}
    made = route53._hc_id()
    reference = f"{stack_name}-{logical_id}"
    route53._health_checks[made] = {"id": made, "caller_reference": reference, "config": config, "version": 1}
    route53._hc_caller_refs[reference] = made
    return made, {"HealthCheckId": made}


def _health_check_update(physical_id, old_props, new_props, stack_name):
    config = route53._health_checks[physical_id]["config"]
    config.update(new_props["HealthCheckConfig"])
    return physical_id, {"HealthCheckId": physical_id}


def _health_check_delete(physical_id, props):
    route53._health_checks.pop(physical_id, None)


def _rest_xml(original):
    def dispatch(service_info, service_name, action, input_data):
        if (service_name, action) != ("s3", "putObject"):
            return original(service_info, service_name, action, input_data)
        body = input_data["Body"]
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
        status, _, answer = s3._put_object(
            input_data["Bucket"], input_data["Key"], body, {"content-type": input_data.get("ContentType", "")}
        )
        if status >= 400:
            raise stepfunctions._ExecutionError("S3.S3Exception", answer.decode())
        return {}

    return dispatch


def _evaluate_alarm(original):
    """M of N periods, the running one among them, where missing periods don't breach; other alarms as before."""

    def evaluate(alarm):
        needed = alarm.get("DatapointsToAlarm")
        operator = alarm.get("ComparisonOperator")
        if not needed or alarm.get("TreatMissingData") != "notBreaching" or operator != "GreaterThanOrEqualToThreshold":
            return original(alarm)
        period, periods = int(alarm["Period"]), int(alarm["EvaluationPeriods"])
        running = int(time.time() // period)
        wanted = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
        points = cloudwatch._metrics.get((alarm["Namespace"], alarm["MetricName"], wanted)) or []
        breaching = 0
        for number in range(running - periods + 1, running + 1):
            found = [point for point in points if int(point["Timestamp"] // period) == number]
            value = cloudwatch._stat_value(cloudwatch._calc_stats(found), alarm["Statistic"], found) if found else None
            breaching += value is not None and value >= float(alarm["Threshold"])
        old, new = alarm["StateValue"], "ALARM" if breaching >= int(needed) else "OK"
        if not points or old == new:
            return None
        reason = f"Threshold Crossed: {breaching} out of the last {periods} datapoints were >= {alarm['Threshold']} ({needed} needed)"
        alarm.update(StateValue=new, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
        cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
        cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
        return cloudwatch._evaluate_parent_alarms(alarm)

    return evaluate


def _health_check(original):
    def build(parent, check):
        config = {name: str(value).lower() if isinstance(value, bool) else value for name, value in check["config"].items()}
        return original(parent, {**check, "config": config})

    return build


stepfunctions._dispatch_aws_sdk_rest_xml = _rest_xml(stepfunctions._dispatch_aws_sdk_rest_xml)
cloudwatch._evaluate_alarm = _evaluate_alarm(cloudwatch._evaluate_alarm)
rds._ACTION_MAP["FailoverGlobalCluster"] = _failover_leaves_snapshot(rds._ACTION_MAP["FailoverGlobalCluster"])
rds._ACTION_MAP["CopyDBClusterSnapshot"] = _copy_cluster_snapshot
iam_actions.extract_resource_arn = _resource_arn(iam_actions.extract_resource_arn)
iam_actions.request_tag_context = _request_context(iam_actions.request_tag_context)
iam_evaluator.enforce = _enforce(iam_evaluator.enforce)
stepfunctions._execute_task = _execute_task(stepfunctions._execute_task)
stepfunctions._invoke_with_callback = _invoke_with_callback(stepfunctions._invoke_with_callback)
stepfunctions._call_lambda = _call_lambda(stepfunctions._call_lambda)
route53._build_health_check_el = _health_check(route53._build_health_check_el)
tagging._RESOURCE_TAG_COLLECTORS["rds"] = _collect(rds)
tagging._RESOURCE_TAG_COLLECTORS["elasticloadbalancing"] = _collect(alb)
provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = {
    "create": _composite_create,
    "update": _composite_update,
    "delete": _composite_delete,
}
provisioners._RESOURCE_HANDLERS["AWS::Route53::HealthCheck"] = {
    "create": _health_check_create,
    "update": _health_check_update,
    "delete": _health_check_delete,
}
