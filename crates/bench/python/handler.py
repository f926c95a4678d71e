"""The first step of detach-global-cluster in Python: the same call, made as Lambda's users make it."""

import boto3

rds = boto3.client("rds")


def handle(request, _context):
    answer = rds.describe_global_clusters(GlobalClusterIdentifier=request["globalCluster"])
    return {"outcome": "unchanged", "members": len(answer["GlobalClusters"][0]["GlobalClusterMembers"])}
