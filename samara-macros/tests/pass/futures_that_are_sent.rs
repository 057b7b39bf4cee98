#![deny(warnings)]

use std::future::Future;

#[samara::step(attributes(rows = rows.len(), %name))]
async fn load(rows: Vec<String>, name: String) -> Result<usize, std::io::Error> {
    std::future::ready(()).await;
    let inner = inner(&rows, Some(&name)).await?;
    Ok(inner + rows.len() + name.len())
}

#[samara::step(attributes(rows = rows.len(), name))]
async fn inner(rows: &[String], name: Option<&str>) -> Result<usize, std::io::Error> {
    std::future::ready(name).await;
    Ok(rows.len())
}

#[samara::step]
async fn generic<T: Send + 'static>(value: T) -> Box<dyn Fn() -> T + Send>
where
    T: Clone,
{
    std::future::ready(()).await;
    Box::new(move || value.clone())
}

#[samara::step]
fn returned(n: u64) -> impl Future<Output = u64> + Send {
    async move { n }
}

struct Loader;

impl Loader {
    #[samara::step(attributes(n))]
    async fn changed(&mut self, n: u64) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
        std::future::ready(()).await;
        Ok(n)
    }
}

fn sent<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    samara::entry::block_on(async { tokio::spawn(future).await.unwrap() })
}

fn main() {
    assert_eq!(sent(load(vec![], "a".to_owned())).unwrap(), 1);
    assert_eq!(sent(generic(1))(), 1);
    assert_eq!(sent(returned(1)), 1);
    assert_eq!(sent(async { Loader.changed(1).await.unwrap() }), 1);
}
