"""What moto lacks for Relight's functions, added before it starts: a quota of EC2 that can be read, and that there is no reservation."""

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.servicequotas import models as quotas

# "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", in vCPUs: the lab's account may run 32.
_EC2 = {"L-1216C47A": 32.0}


def _get_service_quota(original):
    def get_service_quota(self, service_code, quota_code):
        if service_code == "ec2" and quota_code in _EC2:
            return {"ServiceCode": service_code, "QuotaCode": quota_code, "Value": _EC2[quota_code], "Unit": "None"}
        return original(self, service_code=service_code, quota_code=quota_code)

    return get_service_quota


quotas.ServiceQuotasBackend.get_service_quota = _get_service_quota(quotas.ServiceQuotasBackend.get_service_quota)


# moto can't make a capacity reservation, so none is there.
def _describe_capacity_reservations(self):
    named = self._get_param("CapacityReservationIds", [])
    raise EC2ClientError("InvalidCapacityReservationId.NotFound", f"The capacity reservation {named} does not exist")


EC2Response.describe_capacity_reservations = _describe_capacity_reservations

