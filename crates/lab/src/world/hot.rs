//! What a hot standby has beside its database: a global table, the bucket of an object that is told where things are, and a hook.

use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateReplicationGroupMemberAction, KeySchemaElement, KeyType, ReplicationGroupUpdate,
    ScalarAttributeType, Tag,
};
use aws_types::sdk_config::SdkConfig;

use super::{RECOVERY, TABLE, WORKLOAD, WORKLOAD_TAG, make_bucket};
use crate::clients;

/// The bucket in the recovery Region in which a recovery writes an object.
pub(super) const CONFIG_BUCKET: &str = "relight-unishop-config-000000000000-us-west-1";
/// The state machine that a recovery calls.
pub(super) const HOOK_MACHINE: &str = "relight-unishop-warm-up-hook";

/// Makes all three; the table's name.
pub(super) async fn make(primary: &SdkConfig, recovery: &SdkConfig) -> Result<String> {
    make_table(primary, recovery).await?;
    make_bucket(recovery, CONFIG_BUCKET).await?;
    make_hook(recovery).await?;
    Ok(TABLE.to_owned())
}

/// A global table of version 2019.11.21: a table with a stream in the primary Region, and a replica. Tags aren't replicated.
async fn make_table(primary: &SdkConfig, recovery: &SdkConfig) -> Result<()> {
    let (home, away) = (aws_sdk_dynamodb::Client::new(primary), aws_sdk_dynamodb::Client::new(recovery));
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash);
    let id = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S);
    home.create_table()
        .table_name(TABLE)
        .key_schema(key.build().context("describe the key")?)
        .attribute_definitions(id.build().context("describe the attribute")?)
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .context("create the table")?;
    let replica = CreateReplicationGroupMemberAction::builder().region_name(RECOVERY);
    let update = ReplicationGroupUpdate::builder().create(replica.build().context("describe the replica")?);
    home.update_table()
        .table_name(TABLE)
        .replica_updates(update.build())
        .send()
        .await
        .context("create the replica")?;
    for (client, region) in [(&home, super::PRIMARY), (&away, RECOVERY)] {
        let tag = Tag::builder()
            .key(WORKLOAD_TAG)
            .value(WORKLOAD)
            .build()
            .context("describe the tag")?;
        client
            .tag_resource()
            .resource_arn(format!("arn:aws:dynamodb:{region}:{}:table/{TABLE}", clients::ACCOUNT))
            .tags(tag)
            .send()
            .await
            .with_context(|| format!("tag the table in {region}"))?;
    }
    Ok(())
}

/// A state machine that is done at once: what it would do is the workload's own matter.
async fn make_hook(recovery: &SdkConfig) -> Result<()> {
    let trust = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    });
    let role = aws_sdk_iam::Client::new(recovery)
        .create_role()
        .role_name("unishop-hook")
        .assume_role_policy_document(trust.to_string())
        .send()
        .await
        .context("create the hook's role")?;
    let role = role.role().context("no role was created")?.arn().to_owned();
    let definition = serde_json::json!({"StartAt": "Warm", "States": {"Warm": {"Type": "Pass", "End": true}}});
    aws_sdk_sfn::Client::new(recovery)
        .create_state_machine()
        .name(HOOK_MACHINE)
        .definition(definition.to_string())
        .role_arn(role)
        .send()
        .await
        .context("create the hook")?;
    Ok(())
}
