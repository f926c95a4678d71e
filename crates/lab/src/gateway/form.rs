//! The parameters of a query request (`Action=…&Filter.1.Name=…`): ordered, with lists by their numbered names.

use url::form_urlencoded;

/// Parameters in the order in which they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

/// One `Filter.N` of an EC2 request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}

impl Form {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Whether a boolean parameter is set.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The values of `list.1`, `list.2`, … in order, until one is missing.
    pub(crate) fn list(&self, list: &str) -> Vec<&str> {
        (1..).map_while(|number| self.get(&format!("{list}.{number}"))).collect()
    }

    pub(crate) fn filters(&self) -> Vec<Filter> {
        (1..)
            .map_while(|number| {
                let name = self.get(&format!("Filter.{number}.Name"))?.to_owned();
                let values = self.list(&format!("Filter.{number}.Value"));
                Some(Filter {
                    name,
                    values: values.into_iter().map(str::to_owned).collect(),
                })
            })
            .collect()
    }

    /// The same request with `filters` in the place of its own, encoded.
    pub(crate) fn with_filters(&self, filters: &[Filter]) -> String {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(self.pairs().filter(|(name, _)| !name.starts_with("Filter.")));
        for (number, filter) in (1..).zip(filters) {
            encoded.append_pair(&format!("Filter.{number}.Name"), &filter.name);
            for (index, value) in (1..).zip(&filter.values) {
                encoded.append_pair(&format!("Filter.{number}.Value.{index}"), value);
            }
        }
        encoded.finish()
    }

    /// The same request without the tags that it puts on resources of `kind`, encoded.
    pub(crate) fn without_tags_on(&self, kind: &str) -> String {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(self.pairs().filter(|(name, _)| !name.starts_with("TagSpecification.")));
        let specifications = (1..).map_while(|number| {
            let resource_type = self.get(&format!("TagSpecification.{number}.ResourceType"))?;
            Some((format!("TagSpecification.{number}."), resource_type))
        });
        let kept = specifications.filter(|(_, resource_type)| *resource_type != kind);
        for (number, (prefix, _)) in (1..).zip(kept) {
            for (rest, value) in self.pairs().filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?, value))) {
                encoded.append_pair(&format!("TagSpecification.{number}.{rest}"), value);
            }
        }
        encoded.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_at_its_first_missing_number() {
        let form = Form::parse(b"A.1=x&A.2=y&A.4=z");
        assert_eq!(form.list("A"), ["x", "y"]);
    }

    #[test]
    fn replaced_filters_are_numbered_anew_and_the_rest_stays() {
        let form = Form::parse(b"Action=DescribeInstances&Filter.1.Name=a&Filter.1.Value.1=1&Filter.2.Name=tag:k&Filter.2.Value.1=v+w");
        let kept: Vec<Filter> = form.filters().into_iter().filter(|filter| filter.name != "a").collect();
        let again = form.with_filters(&kept);
        assert_eq!(again, "Action=DescribeInstances&Filter.1.Name=tag%3Ak&Filter.1.Value.1=v+w");
        assert_eq!(Form::parse(again.as_bytes()).filters(), kept);
    }

    #[test]
    fn tags_on_one_kind_are_taken_out_and_the_others_are_numbered_anew() {
        let tags =
            |number: u8, kind: &str| format!("&TagSpecification.{number}.ResourceType={kind}&TagSpecification.{number}.Tag.1.Key={kind}");
        let form = Form::parse(format!("Name=n{}{}", tags(1, "snapshot"), tags(2, "image")).as_bytes());
        assert_eq!(form.without_tags_on("snapshot"), format!("Name=n{}", tags(1, "image")));
        assert_eq!(
            form.without_tags_on("instance"),
            format!("Name=n{}{}", tags(1, "snapshot"), tags(2, "image"))
        );
    }
}
