//! Where a redirect may lead, decided without any IO.
//!
//! A site that redirects elsewhere hasn't proven itself, and a redirect is how a stranger would send us to an address of
//! their choice. So: the site's own host, or one that the plan names; never from HTTPS back to HTTP; five at most.

use url::Url;

use crate::address::{Forbidden, permitted_url};

/// How many redirects one check follows.
pub const MOST: usize = 5;

/// What the next request of a redirected check is.
#[derive(Debug, PartialEq, Eq)]
pub struct Hop {
    /// Where it goes.
    pub url: Url,
    /// Whether it keeps its method and body; otherwise it becomes a GET without one.
    pub keeps_method: bool,
    /// Whether it leaves the host that it was made for, so that the plan's headers stay behind.
    pub leaves_host: bool,
}

/// Why a redirect isn't followed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFollowed {
    /// More than [`MOST`].
    #[error("redirected more than {MOST} times")]
    TooMany,
    /// A redirect without a place to go.
    #[error("redirected with status {0} and no usable Location")]
    NoLocation(u16),
    /// Something other than HTTP.
    #[error("redirected to the scheme {0}, which is neither https nor http")]
    Scheme(String),
    /// From HTTPS to HTTP.
    #[error("redirected from https back to http")]
    Downgrade,
    /// A host that the plan doesn't allow.
    #[error("redirected to {0}, which is neither the site's host nor in redirectHosts")]
    OtherHost(String),
    /// A port that isn't the site's.
    #[error("redirected to port {0}, which is neither the site's port nor a standard one")]
    OtherPort(u16),
    /// An address that can hold no site.
    #[error("redirected to {0}")]
    Forbidden(#[from] Forbidden),
}

/// Whether `status` is a redirect that a client follows (RFC 9110, section 15.4).
pub fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The next request after `from` was answered with the redirect `status` and `location`.
///
/// `site` is where the check began and `followed` the redirects so far. A POST becomes a GET after 301, 302 and 303 as
/// in every browser; 307 and 308 keep it.
///
/// # Errors
/// When the redirect must not be followed, with the reason.
pub fn next(site: &Url, from: &Url, status: u16, location: Option<&str>, hosts: &[String], followed: usize) -> Result<Hop, NotFollowed> {
    if followed >= MOST {
        return Err(NotFollowed::TooMany);
    }
    let url = location
        .and_then(|location| from.join(location).ok())
        .ok_or(NotFollowed::NoLocation(status))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NotFollowed::Scheme(url.scheme().to_owned()));
    }
    if from.scheme() == "https" && url.scheme() == "http" {
        return Err(NotFollowed::Downgrade);
    }
    permitted_url(&url)?;
    let host = url.host_str().ok_or(NotFollowed::NoLocation(status))?;
    if site.host_str() != Some(host) && !hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)) {
        return Err(NotFollowed::OtherHost(host.to_owned()));
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if ![Some(80), Some(443), site.port_or_known_default()].contains(&Some(port)) {
        return Err(NotFollowed::OtherPort(port));
    }
    let leaves_host = site.host_str() != Some(host);
    Ok(Hop {
        url,
        keeps_method: matches!(status, 307 | 308),
        leaves_host,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(from: &str, location: &str) -> Result<String, NotFollowed> {
        let from: Url = from.parse().unwrap();
        next(&from, &from, 302, Some(location), &["www.example.com".to_owned()], 0).map(|hop| hop.url.to_string())
    }

    #[test]
    fn follows_to_the_same_host_and_to_hosts_that_the_plan_names() {
        for (from, location, to) in [
            ("https://shop.example.com/", "/login", "https://shop.example.com/login"),
            ("https://shop.example.com/a/b", "c?d=e", "https://shop.example.com/a/c?d=e"),
            ("http://shop.example.com/", "https://shop.example.com/", "https://shop.example.com/"),
            ("http://127.0.0.1:8080/", "/x", "http://127.0.0.1:8080/x"),
            ("https://shop.example.com/", "//WWW.example.com/", "https://www.example.com/"),
            (
                "https://shop.example.com:8443/",
                "https://shop.example.com/",
                "https://shop.example.com/",
            ),
        ] {
            assert_eq!(follow(from, location), Ok(to.to_owned()), "{from} -> {location}");
        }
    }

    #[test]
    fn follows_nowhere_else() {
        use NotFollowed::{Downgrade, OtherHost, OtherPort, Scheme};
        let other = |host: &str| OtherHost(host.to_owned());
        for (location, why) in [
            ("https://evil.example.com/", other("evil.example.com")),
            ("//evil.example.com", other("evil.example.com")),
            ("\\\\evil.example.com", other("evil.example.com")),
            ("https://shop.example.com@evil.example.com/", other("evil.example.com")),
            (
                "https://shop.example.com.evil.example.com/",
                other("shop.example.com.evil.example.com"),
            ),
            ("https://10.0.0.1/", other("10.0.0.1")),
            ("http://shop.example.com/", Downgrade),
            ("https://shop.example.com:9001/", OtherPort(9001)),
            ("file:///etc/passwd", Scheme("file".to_owned())),
            ("gopher://shop.example.com/", Scheme("gopher".to_owned())),
        ] {
            assert_eq!(follow("https://shop.example.com/", location), Err(why), "{location}");
        }
    }

    #[test]
    fn a_metadata_address_is_refused_even_when_the_plan_names_it() {
        let from: Url = "http://shop.example.com/".parse().unwrap();
        let hosts = ["169.254.169.254".to_owned()];
        for location in [
            "http://169.254.169.254/",
            "http://2852039166/latest/",
            "//[::ffff:a9fe:a9fe]/",
            "http://[fd00:ec2::254]/",
        ] {
            let refused = next(&from, &from, 307, Some(location), &hosts, 0);
            assert!(matches!(refused, Err(NotFollowed::Forbidden(_))), "{location}: {refused:?}");
        }
    }

    #[test]
    fn the_sixth_redirect_ends_a_loop() {
        let from: Url = "http://shop.example.com/".parse().unwrap();
        assert!(next(&from, &from, 302, Some("/"), &[], MOST - 1).is_ok());
        assert_eq!(next(&from, &from, 302, Some("/"), &[], MOST), Err(NotFollowed::TooMany));
    }

    #[test]
    fn a_redirect_to_nowhere_says_so() {
        let from: Url = "http://shop.example.com/".parse().unwrap();
        for location in [None, Some("http://"), Some("http://[")] {
            assert_eq!(
                next(&from, &from, 302, location, &[], 0),
                Err(NotFollowed::NoLocation(302)),
                "{location:?}"
            );
        }
    }

    #[test]
    fn only_307_and_308_keep_the_method_and_only_the_own_host_gets_the_headers() {
        let from: Url = "http://shop.example.com/".parse().unwrap();
        let hosts = ["www.example.com".to_owned()];
        for (status, keeps) in [(301, false), (302, false), (303, false), (307, true), (308, true)] {
            let hop = next(&from, &from, status, Some("/x"), &hosts, 0).unwrap();
            assert_eq!((hop.keeps_method, hop.leaves_host), (keeps, false), "{status}");
        }
        assert!(next(&from, &from, 307, Some("//www.example.com"), &hosts, 0).unwrap().leaves_host);
        assert!(!is_redirect(304) && !is_redirect(300) && !is_redirect(200) && is_redirect(308));
    }
}
