//! The rows of one partition of a shared frame, on their way from the one that computes them to all that read them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, SpillFile, TaskContext};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::spill::{SpillManager, get_record_batch_memory_size};
use futures::StreamExt as _;
use parking_lot::Mutex;
use tokio::sync::watch;

/// The reader that never lets go, of a frame that is cached.
pub(super) const CACHE: usize = usize::MAX;

/// Batches in order, each kept until the last reader has had it: in memory while there is some, else on disk.
///
/// The batches are computed by a task of their own, which computes one when a reader waits for it, so that no reader can hold up another.
pub(super) struct Log {
    spills: SpillManager,
    kept: Mutex<Kept>,
    /// How many batches are wanted.
    demand: watch::Sender<usize>,
    supply: watch::Sender<Supply>,
    task: Mutex<Option<SpawnedTask<()>>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Supply {
    batches: usize,
    ended: bool,
}

struct Kept {
    /// The number of the first batch that is kept.
    first: usize,
    batches: VecDeque<Place>,
    /// For each reader, the number of the batch that it reads next.
    readers: BTreeMap<usize, usize>,
    memory: MemoryReservation,
    failure: Option<Arc<DataFusionError>>,
}

/// Where a batch is.
#[derive(Clone)]
enum Place {
    Memory(RecordBatch),
    Disk {
        file: Arc<dyn SpillFile>,
        /// Its place among the file's batches.
        index: usize,
    },
}

impl Log {
    pub fn new(
        schema: SchemaRef,
        readers: BTreeMap<usize, usize>,
        context: &TaskContext,
    ) -> Arc<Self> {
        let metrics = SpillMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
        let memory = MemoryConsumer::new("shared frame").with_can_spill(true);
        Arc::new(Self {
            spills: SpillManager::new(context.runtime_env(), metrics, schema),
            kept: Mutex::new(Kept {
                first: 0,
                batches: VecDeque::new(),
                readers,
                memory: memory.register(context.memory_pool()),
                failure: None,
            }),
            demand: watch::Sender::new(0),
            supply: watch::Sender::new(Supply::default()),
            task: Mutex::new(None),
        })
    }

    /// Begins to take batches from where they are computed.
    pub fn fill(self: &Arc<Self>, source: SendableRecordBatchStream) {
        let log = Arc::downgrade(self);
        let demand = self.demand.subscribe();
        *self.task.lock() = Some(SpawnedTask::spawn(async move {
            let mut source = source;
            let mut demand = demand;
            for computed in 0.. {
                // One ahead: the next batch is computed while readers work on this one.
                if demand.wait_for(|wanted| *wanted >= computed).await.is_err() {
                    return;
                }
                let next = source.next().await;
                let Some(log) = log.upgrade() else {
                    return;
                };
                if !log.take(next) {
                    return;
                }
            }
        }));
    }

    /// Takes the next batch, or the end. Says whether there may be more.
    fn take(&self, next: Option<Result<RecordBatch>>) -> bool {
        let outcome = match next {
            None => Ok(false),
            Some(Ok(batch)) => self.keep(batch).map(|()| true),
            Some(Err(error)) => Err(error),
        };
        let more = outcome.unwrap_or_else(|error| {
            self.kept.lock().failure = Some(Arc::new(error));
            false
        });
        self.supply.send_modify(|supply| {
            supply.batches += usize::from(more);
            supply.ended = !more;
        });
        more
    }

    fn keep(&self, batch: RecordBatch) -> Result<()> {
        // Operators may hand on batches whose schema differs in metadata; those of a file may not.
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let schema = Arc::clone(self.spills.schema());
        let batch = RecordBatch::try_new_with_options(schema, batch.columns().to_vec(), &rows)?;
        let mut kept = self.kept.lock();
        let size = get_record_batch_memory_size(&batch);
        let fits = kept.memory.try_grow(size).is_ok();
        kept.batches.push_back(Place::Memory(batch));
        kept.let_go();
        match fits {
            true => Ok(()),
            false => kept.spill(&self.spills),
        }
    }

    /// The next batch of a reader; `None` at the end.
    pub async fn next(&self, reader: &mut Reader) -> Result<Option<RecordBatch>> {
        let number = reader.next;
        self.demand.send_if_modified(|wanted| {
            let more = *wanted <= number;
            *wanted = (*wanted).max(number + 1);
            more
        });
        let mut supply = self.supply.subscribe();
        let known = supply
            .wait_for(|supply| supply.batches > number || supply.ended)
            .await
            .map(|supply| *supply);
        match known {
            Ok(supply) if supply.batches > number => {}
            Ok(_) => return self.kept.lock().end(),
            Err(_) => return internal_err!("the rows of a shared frame have no source"),
        }
        let place = self.kept.lock().place(number)?;
        let batch = match place {
            Place::Memory(batch) => batch,
            Place::Disk { file, index } => reader.read(&self.spills, file, index).await?,
        };
        reader.next += 1;
        self.kept.lock().advance(reader.id, reader.next);
        Ok(Some(batch))
    }

    /// Forgets a reader, which reads no more.
    pub fn leave(&self, reader: usize) {
        let mut kept = self.kept.lock();
        kept.readers.remove(&reader);
        kept.let_go();
    }
}

impl Kept {
    fn place(&self, number: usize) -> Result<Place> {
        match number
            .checked_sub(self.first)
            .and_then(|at| self.batches.get(at))
        {
            Some(place) => Ok(place.clone()),
            None => internal_err!("a batch of a shared frame was let go before it was read"),
        }
    }

    fn end(&self) -> Result<Option<RecordBatch>> {
        match &self.failure {
            None => Ok(None),
            Some(error) => Err(DataFusionError::Shared(Arc::clone(error))),
        }
    }

    fn advance(&mut self, reader: usize, next: usize) {
        if let Some(number) = self.readers.get_mut(&reader) {
            *number = next;
            self.let_go();
        }
    }

    /// Lets go of what every reader has had.
    fn let_go(&mut self) {
        let end = self.first + self.batches.len();
        let needed = self.readers.values().min().copied().unwrap_or(end);
        while self.first < needed.min(end) {
            self.first += 1;
            if let Some(Place::Memory(batch)) = self.batches.pop_front() {
                let size = get_record_batch_memory_size(&batch).min(self.memory.size());
                self.memory.shrink(size);
            }
        }
    }

    /// Moves what is in memory to disk.
    fn spill(&mut self, spills: &SpillManager) -> Result<()> {
        let in_memory = self.batches.iter().filter_map(|place| match place {
            Place::Memory(batch) => Some(batch.clone()),
            Place::Disk { .. } => None,
        });
        let batches: Vec<RecordBatch> = in_memory.collect();
        let Some(file) = spills.spill_record_batch_and_finish(&batches, "shared frame")? else {
            return Ok(());
        };
        let places = self.batches.iter_mut();
        let in_memory = places.filter(|place| matches!(place, Place::Memory(_)));
        for (index, place) in in_memory.enumerate() {
            let file = Arc::clone(&file);
            *place = Place::Disk { file, index };
        }
        self.memory.free();
        Ok(())
    }
}

/// Where one reader is.
pub(super) struct Reader {
    id: usize,
    next: usize,
    open: Option<OpenFile>,
}

/// A file of spilled batches that a reader is in the middle of.
struct OpenFile {
    file: Arc<dyn SpillFile>,
    next: usize,
    batches: SendableRecordBatchStream,
}

impl Reader {
    pub fn new(id: usize) -> Self {
        Self {
            id,
            next: 0,
            open: None,
        }
    }

    async fn read(
        &mut self,
        spills: &SpillManager,
        file: Arc<dyn SpillFile>,
        index: usize,
    ) -> Result<RecordBatch> {
        let open = match self.open.take() {
            Some(open) if Arc::ptr_eq(&open.file, &file) && open.next <= index => open,
            _ => OpenFile {
                batches: spills.read_spill_as_stream_unbuffered(Arc::clone(&file), None)?,
                file,
                next: 0,
            },
        };
        let open = self.open.insert(open);
        loop {
            let Some(batch) = open.batches.next().await.transpose()? else {
                return internal_err!("a spilled batch of a shared frame is missing");
            };
            open.next += 1;
            if open.next > index {
                return Ok(batch);
            }
        }
    }
}
