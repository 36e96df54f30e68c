use std::future::Future;

/// Runs `work` to its end from a `Drop`, where nothing can be awaited: on a thread and a runtime of its own, since
/// the test's runtime may be the one that is going away.
///
/// What fails is said and not raised: a test that is failing already must show its own panic.
pub(crate) fn run_now(what: String, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
    let thread = std::thread::spawn(move || -> anyhow::Result<()> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
    });
    match thread.join() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => eprintln!("testkit: {what} is left behind: {error:#}"),
        Err(_) => eprintln!("testkit: {what} is left behind: its clean-up panicked"),
    }
}
