//! Addresses that are a machine's own business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is one by which clouds serve metadata and keys, or is of the link that the machine is on. No name may
/// lead there for somebody who may not reach all that this machine can.
pub fn is_of_the_machine(address: IpAddr) -> bool {
    const EC2: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match embedded(address) {
        IpAddr::V4(address) => matches!(
            address.octets(),
            [169, 254, ..] | [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192]
        ),
        IpAddr::V6(address) => address == EC2 || address.is_unicast_link_local(),
    }
}

/// The address of IPv4 that one of IPv6 stands for: mapped, or behind a gateway (NAT64, 6to4).
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address.to_canonical() else {
        return address.to_canonical();
    };
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)).into()
        }
        _ => v6.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_not_reached_by_a_name() {
        for address in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fd00:ec2::254",
            "fe80::1",
        ] {
            assert!(is_of_the_machine(address.parse().expect("an address")), "{address}");
        }
        for address in [
            "127.0.0.1",
            "10.0.0.1",
            "8.8.8.8",
            "::1",
            "2606:4700::1111",
            "64:ff9b::808:808",
        ] {
            assert!(!is_of_the_machine(address.parse().expect("an address")), "{address}");
        }
    }
}
