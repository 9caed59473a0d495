//! What must not be called is not called, by whatever name.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Behave, HttpTarget};
use async_trait::async_trait;
use tenon_events::{Error, Guard, GuardSettings, Resolver};
use url::Url;

/// Answers with the next list each time, and with the last one from then on.
struct Rebinding {
    answers: Vec<Vec<IpAddr>>,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl Resolver for Rebinding {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, String> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.answers[asked.min(self.answers.len() - 1)].clone())
    }
}

fn rebinding(settings: &GuardSettings, answers: &[&[&str]]) -> (Guard, Arc<AtomicUsize>) {
    let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let resolver = Rebinding {
        answers: answers.iter().map(parse).collect(),
        asked: Arc::clone(&asked),
    };
    (Guard::with_resolver(settings, resolver).unwrap(), asked)
}

fn open_ports() -> GuardSettings {
    GuardSettings {
        ports: Vec::new(),
        http: true,
        ..GuardSettings::default()
    }
}

fn check(settings: &GuardSettings, url: &str) -> Result<(), Error> {
    Guard::new(settings).unwrap().check_url(&Url::parse(url).unwrap())
}

#[test]
fn urls_are_refused_by_default_unless_they_are_plain_https() {
    let default = GuardSettings::default();
    for refused in [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com:22/",
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[fd00:ec2::254]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:7f00:1::]/",
        "https://①②⑦.⓪.⓪.①/",
    ] {
        let answer = check(&default, refused);
        assert!(matches!(answer, Err(Error::Refused { .. })), "{refused}: {answer:?}");
    }
    for allowed in [
        "https://example.com/",
        "https://example.com:443/a?b",
        "https://8.8.8.8/",
        "https://example.com:80/",
    ] {
        check(&default, allowed).unwrap();
    }
}

#[test]
fn the_operator_can_allow_more_but_no_metadata_service() {
    let settings = GuardSettings {
        allow_networks: vec![
            "10.0.0.0/8".to_owned(),
            "169.254.0.0/16".to_owned(),
            "fd00::/8".to_owned(),
        ],
        allow_hosts: vec!["hooks.internal".to_owned(), ".corp.example".to_owned()],
        ..GuardSettings::default()
    };
    for allowed in [
        "https://10.1.2.3/",
        "http://10.1.2.3/",
        "http://hooks.internal/",
        "http://HOOKS.internal./",
        "http://a.corp.example/",
        "https://169.254.1.1/",
    ] {
        check(&settings, allowed).unwrap_or_else(|error| panic!("{allowed}: {error}"));
    }
    for refused in [
        "http://nothooks.internal/",
        "http://corp.example.com/",
        "https://192.168.0.1/",
        "https://169.254.169.254/",
        "https://[fd00:ec2::254]/",
        "http://user@hooks.internal/",
        "http://hooks.internal:8080/",
    ] {
        assert!(check(&settings, refused).is_err(), "{refused}");
    }
    let wrong = GuardSettings {
        allow_networks: vec!["10.0.0.0/64".to_owned()],
        ..GuardSettings::default()
    };
    assert!(matches!(Guard::new(&wrong), Err(Error::Setting { .. })));
}

#[tokio::test]
async fn names_that_lead_inside_are_refused() {
    for answers in [
        &["127.0.0.1"][..],
        &["10.0.0.1", "::1"],
        &["169.254.169.254"],
        &["::ffff:10.0.0.1"],
        &[],
    ] {
        let (guard, _) = rebinding(&open_ports(), &[answers]);
        let found = guard.resolve("innocent.example", 443).await;
        assert!(matches!(found, Err(Error::Refused { .. })), "{answers:?}: {found:?}");
    }
    let (guard, _) = rebinding(&open_ports(), &[&["10.0.0.1", "8.8.8.8"]]);
    let found = guard.resolve("mixed.example", 443).await.unwrap();
    assert_eq!(found, ["8.8.8.8:443".parse().unwrap()]);
    let (guard, _) = rebinding(&GuardSettings::default(), &[&["8.8.8.8"]]);
    assert!(guard.resolve("example.com", 22).await.is_err());
    assert!(guard.resolve("127.0.0.1", 443).await.is_err());
    assert!(guard.resolve("[::1]", 443).await.is_err());
}

#[tokio::test]
async fn a_client_calls_only_addresses_that_passed() {
    let target = HttpTarget::start().await;
    let client = |guard: &Guard| guard.client(Duration::from_secs(2), Duration::from_secs(3)).unwrap();
    let url = format!("http://rebinding.example:{}/", target.port);

    // The name is asked for once per connection, and that answer is both checked and used: first an
    // address that passes (nothing listens there), then one that does not, is of no use.
    let other = GuardSettings {
        allow_networks: vec!["127.0.0.2".to_owned()],
        ..open_ports()
    };
    let (guard, asked) = rebinding(&other, &[&["127.0.0.2"], &["127.0.0.1"]]);
    let error = client(&guard).get(&url).send().await.unwrap_err();
    assert!(format!("{error:?}").contains("127.0.0.2"), "{error:?}");
    let error = client(&guard).get(&url).send().await.unwrap_err();
    assert!(format!("{error:?}").contains("loopback"), "{error:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert!(target.requests().is_empty());

    // An answer that passes is used as it is, without another one.
    let allowed = GuardSettings {
        allow_hosts: vec!["rebinding.example".to_owned()],
        ..open_ports()
    };
    let (guard, asked) = rebinding(&allowed, &[&["127.0.0.1"], &["127.0.0.2"]]);
    let response = client(&guard).get(&url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(target.requests().len(), 1);

    // Redirects are answers like others.
    let (guard, _) = rebinding(&allowed, &[&["127.0.0.1"]]);
    target.then([Behave::Status(302, "location: http://127.0.0.1:1/\r\n")]);
    let response = client(&guard).get(&url).send().await.unwrap();
    assert_eq!(response.status(), 302);
}
