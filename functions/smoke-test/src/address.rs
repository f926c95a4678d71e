//! Which addresses a request may go to: any that a site can have, and none where a cloud keeps its own services.
//!
//! Loopback and private addresses are allowed on purpose: a workload may be private to its network, and the lab is on
//! loopback. What is refused can hold no site, and the metadata service among it hands out credentials.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// An address that no request may go to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {what}, where no site can be")]
pub struct Forbidden {
    address: IpAddr,
    what: &'static str,
}

/// A name that leads to a forbidden address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} resolves to {forbidden}")]
pub struct ForbiddenName {
    host: String,
    forbidden: Forbidden,
}

/// How names become addresses; the system's resolver, or a test's.
pub type Lookup = fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The system's resolver.
pub fn system_lookup(host: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
}

/// Refuses an address that can hold no site, however it is spelt in IPv6.
///
/// # Errors
/// Unspecified, link-local (with the instance metadata service at 169.254.169.254 and ECS's credentials at
/// 169.254.170.2), multicast and reserved addresses, and AWS's own fd00:ec2::/32 (metadata at fd00:ec2::254:
/// docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html).
pub fn permitted(address: IpAddr) -> Result<(), Forbidden> {
    let what = match address {
        IpAddr::V4(v4) => no_site_v4(v4),
        IpAddr::V6(v6) => no_site_v6(v6).or_else(|| embedded(v6).into_iter().find_map(no_site_v4)),
    };
    what.map_or(Ok(()), |what| Err(Forbidden { address, what }))
}

/// Refuses a URL whose host is itself a forbidden address.
///
/// Such a host never reaches the resolver, so this is asked of every URL, the one of a redirect too. The URL's parser
/// has turned decimal, octal, hexadecimal and shortened spellings into the address before.
///
/// # Errors
/// As [`permitted`].
pub fn permitted_url(url: &Url) -> Result<(), Forbidden> {
    match url.host() {
        Some(Host::Ipv4(v4)) => permitted(v4.into()),
        Some(Host::Ipv6(v6)) => permitted(v6.into()),
        Some(Host::Domain(_)) | None => Ok(()),
    }
}

fn no_site_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [0, ..] => Some("an unspecified address"),
        [169, 254, ..] => Some("a link-local address, as the metadata service's is"),
        [224..=239, ..] => Some("a multicast address"),
        [240..=255, ..] => Some("a reserved address"),
        _ => None,
    }
}

fn no_site_v6(address: Ipv6Addr) -> Option<&'static str> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("an unspecified address"),
        [0xfd00, 0x0ec2, ..] => Some("an address of AWS's instance services, as the metadata service's is"),
        [0xfe80..=0xfebf, ..] => Some("a link-local address"),
        [0xff00..=0xffff, ..] => Some("a multicast address"),
        _ => None,
    }
}

/// The IPv4 address that a translator or tunnel may send `address` to: mapped (RFC 4291), compatible (RFC 4291),
/// translated (RFC 2765), NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), and both of Teredo (RFC 4380).
fn embedded(address: Ipv6Addr) -> Vec<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Vec::new(),
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] | [0x0064, 0xff9b, .., high, low] => {
            vec![v4(high, low)]
        }
        [0x2002, high, low, ..] => vec![v4(high, low)],
        [0x2001, 0, server_high, server_low, .., high, low] => vec![v4(server_high, server_low), v4(!high, !low)],
        _ => Vec::new(),
    }
}

/// Resolves names and refuses those that lead to a forbidden address, so that what was checked is what is connected to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuardedResolver(pub(crate) Lookup);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.0;
        Box::pin(async move {
            let addresses = lookup(name.as_str().to_owned()).await?;
            Ok(Box::new(all_permitted(name.as_str(), addresses)?.into_iter()) as Addrs)
        })
    }
}

/// One forbidden address among good ones refuses the whole name: no site has such a record by mistake.
fn all_permitted(host: &str, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, ForbiddenName> {
    for address in &addresses {
        permitted(address.ip()).map_err(|forbidden| ForbiddenName {
            host: host.to_owned(),
            forbidden,
        })?;
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_site_may_be_public_private_or_on_loopback() {
        for host in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "203.0.113.9",
            "169.253.255.255",
            "169.255.0.0",
            "1.0.0.0",
            "223.255.255.255",
            "[::1]",
            "[2001:db8::1]",
            "[fd12:3456::1]",
            "[::ffff:10.0.0.1]",
            "[64:ff9b::10.0.0.1]",
            "[fd00:ec1::254]",
            "[fe7f::1]",
            "[fec0::1]",
        ] {
            assert_eq!(permitted_url(&url(&format!("http://{host}/"))), Ok(()), "{host}");
        }
    }

    #[test]
    fn no_spelling_of_a_forbidden_address_gets_through() {
        for host in [
            "169.254.169.254",
            "169.254.169.254.",
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "0xA9.254.0251.254",
            "169.254.43518",
            "169.16689662",
            "%31%36%39.254.169.254",
            "①⑥⑨.254.169.254",
            "169。254。169。254",
            "169.254.0.0",
            "169.254.255.255",
            "169.254.170.2",
            "0.0.0.0",
            "0",
            "0.1.2.3",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[fe80::1]",
            "[febf:ffff::1]",
            "[fd00:ec2::254]",
            "[fd00:0ec2:0:0:0:0:0:23]",
            "[ff02::1]",
            "[::ffff:169.254.169.254]",
            "[::ffff:a9fe:a9fe]",
            "[::ffff:0.0.0.0]",
            "[::169.254.169.254]",
            "[::ffff:0:169.254.169.254]",
            "[64:ff9b::169.254.169.254]",
            "[64:ff9b:1::a9fe:a9fe]",
            "[2002:a9fe:a9fe::1]",
            "[2001:0:a9fe:a9fe::1]",
            "[2001:0:1:1::5601:5601]",
        ] {
            assert!(permitted_url(&url(&format!("http://{host}/"))).is_err(), "{host}");
        }
    }

    #[test]
    fn the_refusal_says_which_address_and_why() {
        assert_eq!(
            permitted_url(&url("http://0xa9fea9fe/")).unwrap_err().to_string(),
            "169.254.169.254 is a link-local address, as the metadata service's is, where no site can be"
        );
    }

    #[test]
    fn one_forbidden_address_refuses_the_whole_name() {
        let good: SocketAddr = "10.0.0.1:0".parse().unwrap();
        let bad: SocketAddr = "169.254.169.254:0".parse().unwrap();
        assert_eq!(all_permitted("shop", vec![good]), Ok(vec![good]));
        assert!(all_permitted("shop", vec![good, bad]).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_refused_in_ipv4_is_refused_inside_ipv6(bits: u32) {
            let v4 = Ipv4Addr::from(bits);
            let refused = permitted(v4.into()).is_err();
            prop_assert_eq!(permitted(v4.to_ipv6_mapped().into()).is_err(), refused);
            let [a, b, c, d] = v4.octets();
            let nat64 = Ipv6Addr::from([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]);
            prop_assert_eq!(permitted(nat64.into()).is_err(), refused);
            let six_to_four = Ipv6Addr::from([0x20, 0x02, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
            prop_assert_eq!(permitted(six_to_four.into()).is_err(), refused);
        }

        #[test]
        fn every_link_local_address_is_refused_in_decimal_and_hexadecimal(low: u16) {
            let bits = 0xa9fe_0000_u32 | u32::from(low);
            for host in [format!("{bits}"), format!("{bits:#x}"), format!("169.254.{low}")] {
                prop_assert!(permitted_url(&url(&format!("http://{host}/"))).is_err(), "{}", host);
            }
        }

        #[test]
        fn every_address_that_aws_keeps_in_ipv6_is_refused(low: [u8; 10]) {
            for prefix in [[0xfe, 0x80], [0xfe, 0xbf], [0xff, 0x05]] {
                let mut octets = [0; 16];
                octets[..2].copy_from_slice(&prefix);
                octets[6..].copy_from_slice(&low);
                prop_assert!(permitted(Ipv6Addr::from(octets).into()).is_err());
            }
            let mut octets = [0; 16];
            octets[..4].copy_from_slice(&[0xfd, 0x00, 0x0e, 0xc2]);
            octets[6..].copy_from_slice(&low);
            prop_assert!(permitted(Ipv6Addr::from(octets).into()).is_err());
        }
    }
}
