//! The contract of [`Auditor`](crate::ports::Auditor), as far as honest books go. That each broken
//! invariant is found is tested where books can be broken by hand.

use super::World;
use super::stage::{Stage, tokens};

pub async fn auditor(world: &dyn World) {
    honest_books_have_no_findings(world).await;
    an_open_call_is_counted_and_not_found_wrong(world).await;
}

async fn honest_books_have_no_findings(world: &dyn World) {
    let before = world.auditor().audit().await.unwrap();
    let stage = Stage::set(world, 10_000).await;
    stage.run(&stage.call(100, Some(100)), tokens(90, 10)).await;
    stage.run(&stage.call(100, Some(100)), tokens(100, 5_000)).await;
    stage.run(&stage.call(100, Some(100)), tokens(0, 0)).await;
    let failed = stage.call(100, Some(100));
    stage.open(&failed).await;
    stage.close(stage.void(&failed)).await;
    let after = world.auditor().audit().await.unwrap();

    assert_eq!(after.findings, []);
    assert_eq!(after.checked.calls, before.checked.calls + 4);
    assert_eq!(after.checked.outbox, before.checked.outbox + 2);
    assert!(after.checked.accounts > before.checked.accounts);
    assert!(after.checked.transfers >= before.checked.transfers + 4, "a grant, two charges, an overrun");
    assert!(after.checked.checks > 0);
}

async fn an_open_call_is_counted_and_not_found_wrong(world: &dyn World) {
    let stage = Stage::set(world, 1_000).await;
    let call = stage.call(100, Some(100));
    stage.open(&call).await;
    let report = world.auditor().audit().await.unwrap();

    assert_eq!((report.findings, report.open_holds), (Vec::new(), 1));

    stage.close(stage.void(&call)).await;
    assert_eq!(world.auditor().audit().await.unwrap().open_holds, 0);
}
