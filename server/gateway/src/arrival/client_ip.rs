//! The client's real address.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

/// The client's address: the peer's, or, if the peer is a trusted proxy, the rightmost address of
/// `X-Forwarded-For` that is not a trusted proxy. Addresses to the left of it are the client's own
/// claim. An entry that is not an address ends the search.
pub fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    if !trusted.iter().any(|net| net.contains(&peer)) {
        return peer;
    }
    let fields: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let fields = fields.iter().rev();
    let fields = fields.map(|field| field.to_str().unwrap_or_default());
    rightmost_untrusted(fields, trusted).unwrap_or(peer)
}

/// The first address from the right that is not a trusted proxy, or the last one before an invalid
/// entry or the end. `None` if even the rightmost is invalid. `fields` must be in reverse order.
pub fn rightmost_untrusted<'f>(
    fields: impl IntoIterator<Item = &'f str>,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    let hops = fields.into_iter().flat_map(|field| field.rsplit(','));
    let mut client = None;
    for hop in hops {
        let Some(ip) = parse(hop.trim()) else { break };
        client = Some(ip);
        if !trusted.iter().any(|net| net.contains(&ip)) {
            break;
        }
    }
    client
}

/// An address, in brackets and with a port if some proxy wrote it so.
fn parse(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()))
        .or_else(|_| text.trim_matches(['[', ']']).parse())
        .ok()
        .map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_header_is_read_from_the_right_through_trusted_proxies_only() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        for (peer, fields, expected) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1, 10.2.3.4"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1, bogus, 10.2.3.4"], "10.2.3.4"),
            ("10.0.0.1", &["bogus"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("::1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append("x-forwarded-for", HeaderValue::from_str(field).unwrap());
            }
            let ip = client_ip(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(ip.to_string(), expected, "{peer} {fields:?}");
        }
    }
}
