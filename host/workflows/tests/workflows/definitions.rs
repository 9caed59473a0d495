//! What a definition may be, and how it is kept.

use tenon_metadata::{ErrorKind, PageRequest};
use tenon_workflows::{Definition, Error, check, get, list, put, remove, versions};

use crate::world::{World, definition, name};

fn problems(text: &str) -> Vec<String> {
    match check(&definition(text)) {
        Err(Error::Invalid { problems, .. }) => problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn problems_are_named() {
    let cases = [
        ("[nodes]", "it has no nodes"),
        (
            "nodes.a = { job = 'j', depends_on = ['a'] }",
            "the node `a` depends on itself",
        ),
        (
            "nodes.a = { job = 'j', depends_on = ['c'] }\nnodes.b = { job = 'j', depends_on = ['a'] }\n\
             nodes.c = { job = 'j', depends_on = ['b'] }",
            "its nodes wait for each other: `b` -> `c` -> `a` -> `b`",
        ),
        (
            "nodes.extract.job = 'j'\nnodes.b = { job = 'j', depends_on = ['extrat'] }",
            "the node `b` depends on `extrat`, which is not there; did you mean `extract`?",
        ),
        (
            "nodes.a.job = 'j'\nnodes.b = { job = 'j', depends_on = ['a', 'a'] }",
            "the node `b` depends on `a` twice: name all states in one dependency",
        ),
        (
            "nodes.a.job = 'j'\nnodes.b = { job = 'j', depends_on = [{ node = 'a', states = [] }] }",
            "the node `b` depends on `a` with no `states`, so it could never start",
        ),
        (
            "nodes.a.job = 'j'\nnodes.b = { job = 'j', depends_on = [{ node = 'a', states = ['SKIPPED'] }] }",
            "the node `b` can never start, since `a` cannot end as SKIPPED and have it follow",
        ),
        (
            "nodes.a = { job = 'j', on_failure = 'stop' }\n\
             nodes.b = { job = 'j', depends_on = [{ node = 'a', states = ['FAILED'] }] }",
            "the node `b` can never start, since `a` cannot end as FAILED and have it follow: nothing else starts once that \
             has failed (`on_failure`)",
        ),
        (
            "nodes.a.job = 'j'\nnodes.b = { job = 'j', arguments = { x = '${node:a.run_id}' } }",
            "`arguments` of the node `b`: `${node:a.run_id}` is about a node that does not come before it",
        ),
        (
            "nodes.a = { job = 'j', timeout = 0 }",
            "`timeout` of the node `a` is not from 1 to 31622400 seconds",
        ),
        (
            "max_concurrent_runs = 0\nnodes.a.job = 'j'",
            "`max_concurrent_runs` is 0, so it could never run; leave it out for no limit",
        ),
    ];
    for (text, problem) in cases {
        assert_eq!(problems(&format!("name = 'w'\n{text}")), [problem]);
    }
    let when = problems("name = 'w'\nnodes.a = { job = 'j', when = '1 +' }");
    assert!(when[0].starts_with("`when` of the node `a`: "), "{when:?}");
    let many: Vec<String> = (0..501).map(|node| format!("nodes.n{node}.job = 'j'")).collect();
    let many = format!(
        "name = 'w'
{}",
        many.join(
            "
"
        )
    );
    assert_eq!(problems(&many), ["it has 501 nodes, and may have 500"]);
}

#[test]
fn nodes_are_named_once_and_fields_are_known() {
    let twice: Result<Definition, _> =
        serde_json::from_str(r#"{ "name": "w", "nodes": { "a": { "job": "j" }, "a": { "job": "k" } } }"#);
    assert!(twice.unwrap_err().to_string().starts_with("there are two nodes `a`"));
    let unknown: Result<Definition, _> = toml::from_str("name = 'w'\nnodes.a = { job = 'j', dependson = [] }");
    assert!(unknown.unwrap_err().to_string().contains("depends_on"));
    let evil: Result<Definition, _> = toml::from_str("name = 'w'\nnodes.'../x'.job = 'j'");
    assert!(evil.is_err());
}

#[tokio::test]
async fn every_version_is_kept() {
    let world = World::new().await;
    let one = definition("name = 'w'\nnodes.a.job = 'job'");
    let mut two = one.clone();
    two.description.push_str("better");
    let put_it = async |definition: &Definition, if_version| {
        let definition = definition.clone();
        world
            .write(move |tx, tenant| put(tx, tenant, &definition, if_version))
            .await
    };
    assert_eq!(put_it(&one, Some(0)).await.unwrap().version, 1);
    assert_eq!(put_it(&one, None).await.unwrap().version, 1);
    assert_eq!(put_it(&two, Some(7)).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(put_it(&two, Some(1)).await.unwrap().version, 2);
    let first = world
        .write(|tx, tenant| get(tx, tenant, &name("w"), Some(1)))
        .await
        .unwrap();
    assert_eq!(first.definition, one);
    let page = PageRequest { limit: 1, after: None };
    let asked = page.clone();
    let latest = world
        .write(move |tx, tenant| versions(tx, tenant, &name("w"), &asked))
        .await
        .unwrap();
    assert_eq!((latest.items[0].version, latest.next.as_deref()), (2, Some("2")));
    let listed = world.write(move |tx, tenant| list(tx, tenant, &page)).await.unwrap();
    assert_eq!((listed.items[0].version, listed.items[0].last_run), (2, None));
    world
        .write(|tx, tenant| remove(tx, tenant, &name("w"), Some(2)))
        .await
        .unwrap();
    let gone = world
        .write(|tx, tenant| get(tx, tenant, &name("w"), None))
        .await
        .unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    // Numbers go on: runs may refer to the earlier ones.
    assert_eq!(put_it(&one, None).await.unwrap().version, 3);
}
