//! Plugin files and cached code that are damaged, by chance or on purpose.

use tenon_runtime::{CacheConfig, PluginConfig, Runtime, RuntimeConfig};
use tenon_tests::arena::{Arena, assert_short, config};
use tenon_tests::core_guest::CoreGuest;
use tenon_tests::guests::guest;

use crate::loading::{component, refused};

#[tokio::test]
async fn components_nested_without_end_are_refused() {
    let arena = Arena::new().await;
    // A component in a component, and so on: header, section 4, size; built from the inside out.
    let mut nested = b"\0asm\x0d\0\x01\0".to_vec();
    for _ in 0..2_000 {
        let mut outer = b"\0asm\x0d\0\x01\0\x04".to_vec();
        let mut rest = nested.len();
        while rest >= 0x80 {
            outer.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        outer.push(rest as u8);
        outer.append(&mut nested);
        nested = outer;
    }
    refused(&arena, nested).await;
    // A type of lists of lists, 20,000 deep, in what a function takes.
    let lists: Vec<String> = (1..20_000)
        .map(|level| format!("(type $t{level} (list $t{}))", level - 1))
        .collect();
    let lists = lists.concat();
    let text = format!(
        r#"(component (type $t0 (list u8)) {lists}
            (import "tenon:etl/host@0.1.0" (instance (alias outer 1 $t19999 (type $t)) (export "f" (func (param "x" $t)))))
            (instance $i) (export "tenon:etl/transform@0.1.0" (instance $i)))"#
    );
    refused(&arena, component(&text)).await;
}

/// Cut anywhere, a plugin is refused with a reason.
#[tokio::test]
async fn truncated_plugins_are_refused() {
    let arena = Arena::new().await;
    let whole = std::fs::read(guest("evil").unwrap()).unwrap();
    for part in 1..60 {
        let length = whole.len() * part / 60 - part % 7;
        let _ = refused(&arena, whole[..length].to_vec()).await;
    }
}

/// Compiled code that somebody changed is not run: the plugin is compiled again.
#[tokio::test]
async fn changed_code_in_the_cache_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CacheConfig {
        folder: Some(folder.path().to_owned()),
        ..CacheConfig::default()
    };
    let config = || RuntimeConfig {
        cache: cache.clone(),
        ..config()
    };
    let other = CoreGuest {
        declarations: "(func (nop))",
        ..CoreGuest::default()
    };
    let plugins = [CoreGuest::default().build(), other.build()];
    let code = || {
        let files = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        files
            .filter(|path| path.extension().is_some_and(|extension| extension == "aot"))
            .collect::<Vec<_>>()
    };
    let load_all = async || {
        let runtime = Runtime::new(config()).unwrap();
        for plugin in &plugins {
            runtime.load_bytes("cached", plugin.clone()).await.unwrap();
        }
        assert_eq!(code().len(), 2);
    };
    load_all().await;
    // The two exchanged, then each changed at many places.
    let [one, two] = [&code()[0], &code()[1]].map(|path| std::fs::read(path).unwrap());
    std::fs::write(&code()[0], &two).unwrap();
    std::fs::write(&code()[1], &one).unwrap();
    load_all().await;
    for place in 1..20 {
        for path in code() {
            let mut bytes = std::fs::read(&path).unwrap();
            let place = bytes.len() * place / 20;
            bytes[place] ^= 0x40;
            std::fs::write(&path, bytes).unwrap();
        }
        load_all().await;
    }
}

/// With any bits flipped a plugin loads or is refused, and never harms the host.
#[tokio::test]
async fn plugins_with_flipped_bits_do_no_harm() {
    let runtime = Runtime::new(RuntimeConfig {
        cache: CacheConfig::default(),
        plugins: PluginConfig {
            start_ms: 100,
            ..PluginConfig::default()
        },
        ..config()
    })
    .unwrap();
    let whole = CoreGuest::default().build();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let (mut loaded, mut failed) = (0, 0);
    // Mostly a small guest, which is compiled quickly, and a large one now and then.
    let large = std::fs::read(guest("evil").unwrap()).unwrap();
    for turn in 0..400 {
        let mut bytes = if turn % 50 == 0 { large.clone() } else { whole.clone() };
        for _ in 0..=next(3) {
            let position = next(bytes.len());
            bytes[position] ^= 1 << next(8);
        }
        match runtime.load_bytes("flipped", bytes).await {
            Ok(_) => loaded += 1,
            Err(error) => {
                assert_short(&error);
                failed += 1;
            }
        }
    }
    assert!(loaded > 0 && failed > 0, "{loaded} loaded, {failed} failed");
    Arena::new().await.assert_well().await;
}
