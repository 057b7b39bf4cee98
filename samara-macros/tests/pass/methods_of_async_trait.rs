#![deny(warnings)]

use std::sync::Arc;

use async_trait::async_trait;
use samara::entry::block_on;

#[async_trait]
trait Load: Send + Sync {
    async fn load(&self, table: &str, rows: Vec<String>) -> Result<usize, String>;

    async fn take(self: Arc<Self>, n: u64) -> u64;

    #[samara::step(attributes(table, rows = rows.len()))]
    async fn load_twice(&self, table: &str, rows: Vec<String>) -> Result<usize, String> {
        self.load(table, rows.clone()).await?;
        self.load(table, rows).await
    }
}

#[derive(Debug, Clone)]
struct Loader {
    host: String,
}

#[async_trait]
impl Load for Loader {
    #[samara::step(attributes(host = self.host, %table, rows = rows.len()))]
    async fn load(&self, table: &str, rows: Vec<String>) -> Result<usize, String> {
        if table.is_empty() {
            return Err(self.host.clone());
        }
        let rows = std::future::ready(rows).await;
        Ok(rows.len())
    }

    #[samara::step(attributes(n, loader = ?self))]
    async fn take(self: Arc<Self>, n: u64) -> u64 {
        n + u64::try_from(self.host.len()).unwrap_or_default()
    }
}

#[async_trait(?Send)]
trait Local {
    async fn count(&mut self, by: u64);
}

#[async_trait(?Send)]
impl Local for u64 {
    #[samara::step(attributes(by))]
    async fn count(&mut self, by: u64) {
        *self += by;
    }
}

fn main() {
    let loader = Loader {
        host: "db".to_owned(),
    };
    let load: &dyn Load = &loader;
    let rows = vec!["a".to_owned()];
    assert_eq!(block_on(load.load_twice("t", rows)), Ok(1));
    assert_eq!(block_on(load.load("", vec![])), Err("db".to_owned()));
    assert_eq!(block_on(Arc::new(loader.clone()).take(1)), 3);
    let mut n = 1;
    block_on(n.count(2));
    assert_eq!(n, 3);
}
