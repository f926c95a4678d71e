//! What has the form of an id, and what only looks like it.

use super::*;

#[test]
fn well_formed_ids_parse_and_print_as_given() {
    for (ok, text) in [
        (Region::from_str("us-gov-west-1").map(String::from), "us-gov-west-1"),
        (Region::from_str("ap-southeast-4").map(String::from), "ap-southeast-4"),
        (WorkloadName::from_str("unishop").map(String::from), "unishop"),
        (AmiId::from_str("ami-0123456789abcdef0").map(String::from), "ami-0123456789abcdef0"),
        (InstanceType::from_str("u-6tb1.metal").map(String::from), "u-6tb1.metal"),
        (
            ParameterName::from_str("/relight/unishop/image").map(String::from),
            "/relight/unishop/image",
        ),
    ] {
        assert_eq!(ok.as_deref(), Ok(text));
    }
}

#[test]
fn malformed_ids_name_the_value_and_what_was_expected() {
    for text in ["", "us-west", "us_west_2", "US-WEST-2", "us-west-22", "-west-2"] {
        let error = Region::from_str(text);
        assert!(matches!(&error, Err(Malformed { value, .. }) if value == text), "{text}: {error:?}");
    }
    for text in [
        "shop",
        "arn:aws:rds:us-west-2:1:cluster:shop",
        "arn:aws:rds:us-west-2:123456789012:db:shop",
        "arn:aws:rds:us-west-2:123456789012:cluster:",
    ] {
        assert!(ClusterArn::from_str(text).is_err(), "{text}");
    }
    assert!(WorkloadName::from_str("-shop").is_err());
    assert!(AmiId::from_str("ami-xyz").is_err());
    assert!(ParameterName::from_str("/relight//image").is_err());
}

#[test]
fn an_arn_of_another_service_kind_or_place_is_malformed() {
    assert!(TopicArn::from_str("arn:aws:sns:us-west-2:123456789012:on-call").is_ok());
    assert!(TopicArn::from_str("arn:aws:sqs:us-west-2:123456789012:on-call").is_err());
    assert!(TopicArn::from_str("arn:aws:sns:us-west-2:123456789012:on-call:subscription").is_err());
    assert!(FunctionArn::from_str("arn:aws:lambda:us-west-2:123456789012:function:stop:live").is_ok());
    assert!(FunctionArn::from_str("arn:aws:lambda:us-west-2:123456789012:layer:stop").is_err());
    assert!(StateMachineArn::from_str("arn:aws:states:us-west-2:123456789012:stateMachine:warm-caches").is_ok());
    assert!(StateMachineArn::from_str("arn:aws:states:us-west-2:123456789012:stateMachine:warm-caches:live").is_ok());
    assert!(StateMachineArn::from_str("arn:aws:states:us-west-2:123456789012:execution:warm-caches:1").is_err());
    assert!(RoutingClusterArn::from_str("arn:aws:route53-recovery-control::123456789012:cluster/01ab").is_ok());
    assert!(RoutingClusterArn::from_str("arn:aws:route53-recovery-control:us-west-2:123456789012:cluster/01ab").is_err());
    assert!(RoutingControlArn::from_str("arn:aws:route53-recovery-control::123456789012:controlpanel/01/routingcontrol/23").is_ok());
    assert!(RoutingControlArn::from_str("arn:aws:route53-recovery-control::123456789012:controlpanel/01").is_err());
}

#[test]
fn names_keep_to_their_services_limits() {
    assert!(BucketName::from_str("relight.example-1").is_ok());
    for text in ["no", "Upper", "dot..dot", "-a-", &"a".repeat(64)] {
        assert!(BucketName::from_str(text).is_err(), "{text}");
    }
    assert!(DistributionId::from_str("EDFDVBD632BHDS5").is_ok());
    for text in ["d111111abcdef8", "E1-A2B3C4", "E", "E1a2b3c4d5"] {
        assert!(DistributionId::from_str(text).is_err(), "{text}");
    }
    assert!(TableName::from_str("orders").is_ok());
    assert!(TableName::from_str("orders/1").is_err());
    assert!(GroupName::from_str("shop recovery").is_ok());
    assert!(GroupName::from_str("shop:recovery").is_err());
}

#[test]
fn a_cluster_arn_tells_identifier_and_region() {
    let arn = ClusterArn::from_str("arn:aws:rds:us-west-2:123456789012:cluster:shop");
    assert_eq!(arn.as_ref().map(ClusterArn::identifier), Ok("shop"));
    assert_eq!(arn.as_ref().map(ClusterArn::region), Ok("us-west-2"));
}
