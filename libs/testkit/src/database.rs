use crate::cleanup::run_now;
use crate::stack::{Stack, unique};
use anyhow::{Context, Result};
use cavendish_store::{Store, admin};
use std::fs::{self, File};
use std::path::PathBuf;

/// A migrated, empty database, dropped with its last session when this is dropped.
///
/// It is copied from a template, which the first test after a change of the migrations makes; the template's name
/// carries the fingerprint of the migrations.
#[derive(Debug)]
pub struct TestDatabase {
    server_url: String,
    name: String,
}

impl TestDatabase {
    /// A fresh database on the running stack.
    ///
    /// # Errors
    /// When there is no stack, or its Postgres does not answer.
    pub async fn create() -> Result<Self> {
        Self::create_on(&Stack::from_env()?).await
    }

    /// A fresh database on `stack`.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn create_on(stack: &Stack) -> Result<Self> {
        let database = Self { server_url: stack.database.url.clone(), name: unique("_") };
        let template = Template::of(stack);
        // Usually the template is there; whoever finds that it is not makes it, once.
        if !template.is_marked() || database.copy(&template).await.is_err() {
            template.make(&database).await?;
        }
        Ok(database)
    }

    /// `postgres://…/test_…`.
    #[must_use]
    pub fn url(&self) -> String {
        admin::with_database(&self.server_url, &self.name)
    }

    async fn copy(&self, template: &Template) -> Result<()> {
        admin::create_database(&self.server_url, &self.name, Some(&template.name))
            .await
            .context("cannot create a test database; is the stack up? run `cargo xtask up`")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server_url, name) = (self.server_url.clone(), self.name.clone());
        run_now(format!("database {name}"), async move { Ok(admin::drop_database(&server_url, &name).await?) });
    }
}

/// The database that test databases are copies of.
struct Template {
    name: String,
    folder: PathBuf,
    /// There when the template was migrated to its end: a killed test may leave half of one.
    mark: PathBuf,
}

impl Template {
    fn of(stack: &Stack) -> Self {
        let name = format!("test_template_{:016x}", Store::schema_fingerprint());
        let folder = stack.folder.join("testkit");
        Self { mark: folder.join(&name), folder, name }
    }

    fn is_marked(&self) -> bool {
        self.mark.exists()
    }

    /// Makes the template unless somebody else just did, and copies it. One process at a time.
    async fn make(&self, database: &TestDatabase) -> Result<()> {
        fs::create_dir_all(&self.folder)?;
        let lock = File::create(self.folder.join("lock"))?;
        let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??;
        if !self.is_marked() || database.copy(self).await.is_err() {
            self.migrate(&database.server_url).await.context("cannot make the template database")?;
            fs::write(&self.mark, "")?;
            database.copy(self).await?;
        }
        drop(lock);
        Ok(())
    }

    async fn migrate(&self, server_url: &str) -> Result<()> {
        admin::drop_database(server_url, &self.name).await?;
        admin::create_database(server_url, &self.name, None).await?;
        let store = Store::connect(&admin::with_database(server_url, &self.name), 1).await?;
        let migrated = store.migrate().await;
        // A template cannot be copied while somebody is connected to it.
        store.close().await;
        Ok(migrated?)
    }
}
