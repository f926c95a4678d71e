//! The rules between the values of a plan, each one function that reports what breaks it.
//!
//! A rule reads single values and passes over those that are missing or malformed, so that one mistake never hides
//! another.

mod compute;
mod hooks;
mod images;
mod places;
mod probe;
mod requests;
mod site;
mod traffic;

use crate::document::{Node, Problems};

type Rule = fn(&Node<'_>, &mut Problems<'_>);

const RULES: &[Rule] = &[
    places::regions_differ,
    places::arns_are_in_their_region,
    places::parameters_are_the_workloads_own,
    places::buckets_may_be_written,
    places::each_place_is_written_once,
    places::endpoints_hold_known_placeholders,
    places::names_are_unique,
    traffic::users_who_are_moved_have_a_name,
    traffic::early_moves_follow_a_promotion,
    traffic::values_differ,
    traffic::endpoints_are_of_different_regions,
    hooks::one_thing_is_called,
    hooks::what_is_called_may_be_called,
    compute::strategy_has_its_compute,
    compute::launch_has_an_image,
    compute::elastic_ip_has_one_instance,
    images::proof_looks_at_an_address,
    images::proof_makes_checks_of_the_site,
    images::nothing_is_pruned_before_it_is_too_old,
    images::copies_are_timed_in_quarters_of_an_hour,
    site::addresses_differ,
    site::public_name_is_its_own,
    site::certificates_need_https,
    site::redirect_hosts_are_hosts,
    site::proof_and_probe_have_checks,
    probe::period_divides_a_minute,
    probe::failures_fit_into_the_looks,
    probe::window_is_remembered,
    requests::paths_stay_on_the_site,
    requests::headers_are_headers,
    requests::methods_have_the_bodies_they_can,
    requests::pointers_are_pointers,
    requests::captures_have_names_of_their_own,
    requests::placeholders_are_known_when_they_are_used,
];

/// Reports every rule that the document breaks.
pub(crate) fn check(root: &Node<'_>, problems: &mut Problems<'_>) {
    for rule in RULES {
        rule(root, problems);
    }
}

/// The text at `path`, if one stands there.
fn text<'d>(node: &Node<'d>, path: &str) -> Option<&'d str> {
    node.get(path).and_then(|found| found.text())
}
