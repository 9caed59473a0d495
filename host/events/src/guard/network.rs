//! Networks, as an operator writes them.

use std::net::{IpAddr, Ipv6Addr};

use crate::Error;

/// A network: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: u128,
    mask: u128,
}

impl Network {
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Setting {
            setting: "allow_networks",
            reason: format!("`{text}` is not a network, as 10.1.0.0/16 is"),
        };
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(longest), |prefix| prefix.trim().parse());
        let prefix: u32 = prefix.map_err(|_| wrong())?;
        if prefix > longest {
            return Err(wrong());
        }
        let mask = u128::MAX.checked_shl(longest - prefix).unwrap_or(0);
        // A prefix of 0 of IPv4 is one of 96 of the mapped addresses.
        let mask = if address.is_ipv4() { mask | !0xffff_ffff } else { mask };
        let address = bits(address) & mask;
        Ok(Self { address, mask })
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.address
    }
}

fn bits(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    u128::from(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_what_is_in_them() {
        for (network, within, without) in [
            ("10.1.0.0/16", "10.1.255.255", "10.2.0.0"),
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("127.0.0.0/8", "::ffff:127.0.0.9", "128.0.0.1"),
            ("0.0.0.0/0", "8.8.8.8", "2001:4860::1"),
            ("fd00::/8", "fd12::1", "fe80::1"),
            ("::1/128", "::1", "::2"),
        ] {
            let parsed = Network::parse(network).unwrap();
            assert!(parsed.contains(within.parse().unwrap()), "{network} {within}");
            assert!(!parsed.contains(without.parse().unwrap()), "{network} {without}");
        }
        for wrong in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0/8",
            "example.com",
            "10.0.0.0/x",
            "10.0.0.0/-1",
        ] {
            assert!(Network::parse(wrong).is_err(), "{wrong}");
        }
    }
}
