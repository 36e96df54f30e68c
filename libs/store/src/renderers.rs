//! Who draws and what it costs: written by render services beside their work, read by planner and admission.

use crate::{Store, StoreError};
use cavendish_domain::{Backlog, Cost, CostKey, CostModel, Lane, ModelFacts, Outlook, OwnerId, SizeBucket};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// A renderer that was not seen for this long is taken to be gone.
const ALIVE: Duration = Duration::from_secs(15);
/// For how long an outlook is good.
const FRESH: Duration = Duration::from_secs(1);

/// Measured seconds per image, by kind.
pub type Measured = BTreeMap<CostKey, Vec<f64>>;

/// The outlook that was read last, and when.
pub(crate) type OutlookCache = Arc<Mutex<Option<(Instant, Arc<Outlook>)>>>;

#[derive(FromRow)]
struct CostRow {
    model: String,
    size: i32,
    steps: i32,
    refs: i32,
    batch: i32,
    mean: f64,
    variance: f64,
    samples: i64,
}

impl CostRow {
    fn into_cost(self) -> (CostKey, Cost) {
        let Self { model, size, steps, refs, batch, mean, variance, samples } = self;
        let [steps, references, batch] = [steps, refs, batch].map(i32::cast_unsigned);
        let key = CostKey { model, size: SizeBucket(size), steps, references, batch };
        (key, Cost { mean, variance, samples: samples.cast_unsigned() })
    }
}

impl Store {
    /// Notes that a renderer is alive: `info` is its `RendererInfo`, `devices` how many draw in it.
    ///
    /// # Errors
    /// As the database says.
    pub async fn renderer_seen(&self, id: OwnerId, info: &Value, devices: u32) -> Result<(), StoreError> {
        let sql = "INSERT INTO renderers (id, info, devices) VALUES ($1, $2, $3)
                   ON CONFLICT (id) DO UPDATE SET info = $2, devices = $3, seen_at = now()";
        sqlx::query(sql).bind(id.uuid()).bind(info).bind(devices.max(1).cast_signed()).execute(&self.pool).await?;
        Ok(())
    }

    /// Notes that a renderer has ended, and forgets those that ended without a word a day ago.
    ///
    /// # Errors
    /// As the database says.
    pub async fn renderer_gone(&self, id: OwnerId) -> Result<(), StoreError> {
        let sql = "DELETE FROM renderers WHERE id = $1 OR seen_at < now() - interval '1 day'";
        sqlx::query(sql).bind(id.uuid()).execute(&self.pool).await?;
        Ok(())
    }

    /// Takes measured images into the costs. Rows are locked in the order of their keys.
    ///
    /// # Errors
    /// As the database says; then nothing of it is in.
    pub async fn record_costs(&self, measured: &Measured) -> Result<(), StoreError> {
        if measured.is_empty() {
            return Ok(());
        }
        let mut tx = self.pool.begin().await?;
        for (key, seconds) in measured {
            let mut cost = lock_cost(&mut tx, key).await?;
            seconds.iter().for_each(|seconds| cost.observe(*seconds));
            write_cost(&mut tx, key, &cost).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What is known of renderers and costs, at most a second old.
    ///
    /// # Errors
    /// As the database says.
    pub async fn outlook(&self) -> Result<Arc<Outlook>, StoreError> {
        let mut cache = self.outlook.lock().await;
        if let Some((at, outlook)) = &*cache
            && at.elapsed() < FRESH
        {
            return Ok(outlook.clone());
        }
        let outlook = Arc::new(self.read_outlook().await?);
        *cache = Some((Instant::now(), outlook.clone()));
        Ok(outlook)
    }

    /// What a brief with a deadline is measured against: the outlook, and the backlog as it is now.
    ///
    /// # Errors
    /// As the database says.
    pub async fn prospects(&self) -> Result<(Arc<Outlook>, Backlog), StoreError> {
        Ok((self.outlook().await?, self.backlog().await?))
    }

    async fn read_outlook(&self) -> Result<Outlook, StoreError> {
        let sql = "SELECT info, devices FROM renderers WHERE seen_at > now() - make_interval(secs => $1) ORDER BY id";
        let live: Vec<(Value, i32)> = sqlx::query_as(sql).bind(ALIVE.as_secs_f64()).fetch_all(&self.pool).await?;
        // What a newer service wrote and this one cannot read is as good as not there.
        let live: Vec<(ModelFacts, u32)> = live
            .into_iter()
            .filter_map(|(info, devices)| Some((serde_json::from_value(info).ok()?, devices.cast_unsigned())))
            .collect();
        let sql = "SELECT model, size, steps, refs, batch, mean, variance, samples FROM render_costs";
        let costs: Vec<CostRow> = sqlx::query_as(sql).fetch_all(&self.pool).await?;
        Ok(Outlook::new(&live, costs.into_iter().map(CostRow::into_cost).collect::<CostModel>()))
    }

    /// Images that wait to be drawn or are being drawn, per lane; those of jobs that are not planned yet are counted
    /// by their briefs.
    ///
    /// # Errors
    /// As the database says.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        // Each state by itself, so that its partial index serves.
        let sql = "WITH open AS (
                SELECT stage, lane, job_id FROM claims WHERE state = 'waiting' AND stage IN ('ingest', 'render')
                UNION ALL
                SELECT stage, lane, job_id FROM claims WHERE state = 'held' AND stage IN ('ingest', 'render')
            )
            SELECT o.lane, sum(CASE o.stage WHEN 'render' THEN 1 ELSE coalesce((j.brief->>'variants')::int, 1) END)
            FROM open o LEFT JOIN jobs j ON o.stage = 'ingest' AND j.id = o.job_id GROUP BY o.lane";
        let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(&self.pool).await?;
        let of =
            |lane: Lane| rows.iter().filter(|(name, _)| name == lane.as_str()).map(|(_, n)| n.cast_unsigned()).sum();
        Ok(Backlog { images: Lane::ALL.map(of) })
    }
}

/// The stored cost of a kind, locked until the end of the transaction; a new one when there is none.
async fn lock_cost(tx: &mut PgConnection, key: &CostKey) -> Result<Cost, StoreError> {
    let sql = "INSERT INTO render_costs (model, size, steps, refs, batch)
               SELECT * FROM jsonb_to_record($1) AS r(model text, size int, steps int, \"references\" int, batch int)
               ON CONFLICT (model, size, steps, refs, batch) DO UPDATE SET updated_at = now()
               RETURNING model, size, steps, refs, batch, mean, variance, samples";
    let stored: CostRow = sqlx::query_as(sql).bind(Json(key)).fetch_one(tx).await?;
    Ok(stored.into_cost().1)
}

async fn write_cost(tx: &mut PgConnection, key: &CostKey, cost: &Cost) -> Result<(), StoreError> {
    let sql = "UPDATE render_costs c SET mean = $2, variance = $3, samples = $4
               FROM jsonb_to_record($1) AS r(model text, size int, steps int, \"references\" int, batch int)
               WHERE c.model = r.model AND c.size = r.size AND c.steps = r.steps AND c.refs = r.\"references\"
                 AND c.batch = r.batch";
    let query = sqlx::query(sql).bind(Json(key)).bind(cost.mean).bind(cost.variance);
    query.bind(cost.samples.cast_signed()).execute(tx).await?;
    Ok(())
}
