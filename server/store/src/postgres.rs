//! PostgreSQL, by `sqlx`.

use std::{borrow::Cow, str::FromStr, sync::Arc, time::Duration};

use futures::{TryStreamExt as _, future::BoxFuture};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Executor as _, PgConnection, PgPool, Postgres,
    Row as _, Transaction, TypeInfo as _,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::{
    Lane, StoreError,
    lane::in_time,
    row::{Answer, Row},
    value::{Kind, Value},
};

/// How long a transaction may be idle before PostgreSQL ends it, in milliseconds. A node that
/// freezes in the middle of one must not prevent others from revoking.
const IDLE_IN_TRANSACTION: &str = "3000";
/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The connections to one database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct PostgresPools {
    /// Only for the batching writer.
    pub(crate) batch: PgPool,
    /// One for each lane. A pool counts a connection until it is returned, even if its caller has
    /// gone and its statement still runs. So such statements take nothing from another lane.
    lanes: [PgPool; Lane::ALL.len()],
    /// The runtime that drives all connections, for as long as each is open.
    home: Handle,
}

impl PostgresPools {
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let connect = PgConnectOptions::from_str(url)
            .map_err(|_| StoreError::UnknownEngine)?
            .application_name("support-console")
            .options([("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION)]);
        // Its statements find rows by their keys. A plan from when a table was small must not scan
        // it later.
        let by_key =
            ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"].map(|way| (way, "off"));
        let batch = match pool(1).connect_with(connect.clone().options(by_key)).await {
            Ok(batch) => batch,
            Err(error) => return Err(unreachable(&connect, error).await),
        };
        let lanes = Lane::ALL.map(|lane| {
            let milliseconds = lane.limit().map_or(0, |limit| limit.as_millis());
            let timeout = [("statement_timeout", milliseconds.to_string())];
            let most = u32::try_from(lane.places()).unwrap_or(u32::MAX);
            pool(most).connect_lazy_with(connect.clone().options(timeout))
        });
        let home = Handle::current();
        Ok(Self { batch, lanes, home })
    }

    /// Runs a task on the threads that drive the connections. A connection that threads which can wait have opened, or a
    /// transaction that they hold, would make others wait for them.
    pub(crate) async fn at_home<T: Send + 'static>(
        &self,
        task: BoxFuture<'static, T>,
    ) -> Result<T, StoreError> {
        if Handle::current().id() == self.home.id() {
            return Ok(task.await);
        }
        let task = AbortOnDropHandle::new(self.home.spawn(task));
        task.await.map_err(|_| StoreError::Closed)
    }

    /// Begins a transaction on a connection of a lane.
    pub(crate) async fn begin(
        &self,
        lane: Lane,
    ) -> Result<Transaction<'static, Postgres>, StoreError> {
        let connection = self.take(lane).await?;
        Ok(Transaction::begin(connection, None).await?)
    }

    /// A connection of a lane.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] if all are in use for too long.
    pub(crate) async fn take(&self, lane: Lane) -> Result<PoolConnection<Postgres>, StoreError> {
        let pool = &self.lanes[lane as usize];
        let own = pool.clone();
        let acquired = self.at_home(Box::pin(async move { own.acquire().await }));
        let free = async { Ok(acquired.await??) };
        if pool.num_idle() == 0 && pool.size() as usize >= lane.places() {
            return in_time(lane, free).await;
        }
        // A connection must be opened, which may take longer than the wait for a place.
        free.await
    }
}

fn pool(most: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(CONNECT_TIMEOUT)
}

/// Why no connection can be opened. A pool only reports that it timed out.
async fn unreachable(connect: &PgConnectOptions, error: sqlx::Error) -> StoreError {
    let mut source = error;
    if matches!(source, sqlx::Error::PoolTimedOut) {
        let once = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(connect));
        if let Ok(Err(error)) = once.await {
            source = error;
        }
    }
    StoreError::Unreachable {
        at: format!(
            "{}@{}:{}/{}",
            connect.get_username(),
            connect.get_host(),
            connect.get_port(),
            connect.get_database().unwrap_or_default()
        ),
        source: Arc::new(source),
    }
}

/// Runs a statement and takes every row.
pub(crate) async fn run(
    connection: &mut PgConnection,
    sql: Cow<'static, str>,
    values: Vec<Value>,
) -> Result<Answer, StoreError> {
    let query = sqlx::query(AssertSqlSafe(sql.into_owned()));
    let query = values.into_iter().fold(query, |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
        Value::Uuid(uuid) => query.bind(uuid),
        Value::Null(Kind::Text) => query.bind(None::<String>),
        Value::Null(Kind::Int) => query.bind(None::<i64>),
        Value::Null(Kind::Bytes) => query.bind(None::<Vec<u8>>),
        Value::Null(Kind::Uuid) => query.bind(None::<Uuid>),
    });
    let mut answer = Answer {
        rows: Vec::new(),
        changed: 0,
    };
    let mut columns: Option<Arc<[String]>> = None;
    let mut results = connection.fetch_many(query);
    while let Some(result) = results.try_next().await? {
        match result {
            sqlx::Either::Left(done) => answer.changed += done.rows_affected(),
            sqlx::Either::Right(row) => {
                let columns = columns.get_or_insert_with(|| {
                    let names = row.columns().iter().map(|column| column.name().to_owned());
                    names.collect()
                });
                answer.rows.push(Row {
                    values: (0..columns.len()).map(|place| value(&row, place)).collect(),
                    columns: Arc::clone(columns),
                });
            }
        }
    }
    Ok(answer)
}

fn value(row: &PgRow, place: usize) -> Option<Value> {
    match row.columns().get(place)?.type_info().name() {
        "INT8" => {
            let number: Option<i64> = row.try_get(place).ok()?;
            Some(number.map_or(Value::Null(Kind::Int), Value::Int))
        }
        "INT4" => {
            let number: Option<i32> = row.try_get(place).ok()?;
            Some(number.map_or(Value::Null(Kind::Int), |number| Value::Int(number.into())))
        }
        "UUID" => {
            let uuid: Option<Uuid> = row.try_get(place).ok()?;
            Some(uuid.map_or(Value::Null(Kind::Uuid), Value::Uuid))
        }
        "BYTEA" => {
            let bytes: Option<Vec<u8>> = row.try_get(place).ok()?;
            Some(bytes.map_or(Value::Null(Kind::Bytes), Value::Bytes))
        }
        _ => {
            let text: Option<String> = row.try_get(place).ok()?;
            Some(text.map_or(Value::Null(Kind::Text), Value::Text))
        }
    }
}
