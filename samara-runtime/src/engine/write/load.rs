//! Loads: frames on their way to files, and the pass over the data that writes them.

use std::sync::Arc;

use datafusion::execution::TaskContext;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::part_file::PartFile;
use super::publish::{StagedFile, Staging};
use super::{Encoder, Output, Part, SaveMode, WriteError, write_part};
use crate::engine::boundary::Work;
use crate::engine::rehearsal::Rehearsal;
use crate::engine::stack::on_deep_stack;
use crate::engine::types::Schema;
use crate::engine::{DataFrame, Session, share};
use crate::error::{Error, Result};
use crate::interrupt;
use crate::location::Location;
use crate::step::{Measured, OpenStep, measure_current};

/// A frame and the files that it is to be written to: what a load step gives, and [`Session::run`] writes.
///
/// # Examples
///
/// ```no_run
/// use samara::{DataFrame, Load, Result, RunSettings, SaveMode, Session};
///
/// #[samara::step]
/// fn load_people(people: DataFrame) -> Result<Load> {
///     people.write().mode(SaveMode::Overwrite).json("people")
/// }
///
/// let session = Session::new(&RunSettings::default())?;
/// let people = session.read().schema([("id", "bigint"), ("name", "string")]).csv("people.csv")?;
/// session.run([load_people(people)?])?;
/// # Ok::<(), samara::Error>(())
/// ```
#[must_use = "a load writes nothing until it is run"]
#[derive(Debug)]
pub struct Load {
    pub(super) frame: DataFrame,
    pub(super) schema: Schema,
    pub(super) location: Location,
    pub(super) mode: SaveMode,
    pub(super) encoder: Encoder,
    pub(super) export: Option<Location>,
    /// The step that gave it, which ends when it is written.
    pub(super) step: Option<Arc<OpenStep>>,
}

impl Session {
    /// Writes loads: those that share the work of a step in one pass, in which it is done once. All outputs are published, in order, when
    /// all are complete; after a failure each is as it was.
    ///
    /// # Errors
    ///
    /// Whatever goes wrong in the steps before, or in writing.
    pub fn run(&self, loads: impl IntoIterator<Item = Load>) -> Result<()> {
        self.run_loads(loads.into_iter().collect())
    }

    fn run_loads(&self, loads: Vec<Load>) -> Result<()> {
        if let Some(rehearsal) = Rehearsal::current() {
            if let Err(error) = keep_each_other(&loads) {
                rehearsal.note(error);
            }
            return Ok(());
        }
        keep_each_other(&loads)?;
        let mut staged = Vec::new();
        let mut plans = Vec::new();
        for (index, load) in loads.into_iter().enumerate() {
            let (load, plan) = load.stage()?;
            staged.push(load);
            plans.extend(plan.map(|plan| (index, plan)));
        }
        on_deep_stack(|| {
            let mut passes = share::passes(plans).into_iter();
            passes.try_for_each(|pass| self.pass(pass, &mut staged))
        })?;
        staged.into_iter().try_for_each(Staged::publish)
    }

    /// Writes some of the loads at the same time.
    fn pass(&self, plans: Vec<(usize, LogicalPlan)>, staged: &mut [Staged]) -> Result<()> {
        let (loads, plans): (Vec<usize>, Vec<LogicalPlan>) = plans.into_iter().unzip();
        self.runtime().block_on(async {
            let plans = self.physical(plans).await?;
            let written: Vec<_> = loads.into_iter().zip(plans).collect();
            let parts = spawn(&written, staged, self.state().task_ctx())?;
            finish(parts, staged).await?;
            for (load, plan) in written {
                staged[load].work = Work::of(&plan);
            }
            Ok(())
        })
    }
}

/// Refuses a load that would replace what an earlier one of them writes. A build sees that where the texts of their locations are one;
/// variables may make them so.
fn keep_each_other(loads: &[Load]) -> Result<()> {
    for (index, load) in loads.iter().enumerate() {
        let replaces =
            |earlier: &Load| earlier.location.absolute().ok() == load.location.absolute().ok();
        if load.mode == SaveMode::Overwrite && loads[..index].iter().any(replaces) {
            let location = load.location.text().to_owned();
            let error = Error::from(WriteError::WrittenTwice { location });
            if let Some(step) = &load.step {
                step.fail(error.kind(), &error.to_string());
            }
            return Err(error);
        }
    }
    Ok(())
}

/// Part files that are being written, each with the index of its load.
type Parts = JoinSet<(usize, Result<Part>)>;

/// Begins to write each partition of each plan into a file of its own.
fn spawn(
    plans: &[(usize, Arc<dyn ExecutionPlan>)],
    staged: &[Staged],
    context: Arc<TaskContext>,
) -> Result<Parts> {
    let mut parts = JoinSet::new();
    for (load, plan) in plans {
        let Some((_, output)) = &staged[*load].output else {
            continue;
        };
        for partition in 0..plan.properties().partitioning.partition_count() {
            let stream = plan.execute(partition, Arc::clone(&context))?;
            let (load, output) = (*load, Arc::clone(output));
            parts.spawn(async move { (load, write_part(output, partition, stream).await) });
        }
    }
    Ok(parts)
}

async fn finish(mut parts: Parts, staged: &mut [Staged]) -> Result<()> {
    let written = interrupt::or_signal(sum(&mut parts, staged)).await;
    // After a failure or a signal others are still writing: wait for their end, before the directory goes that they write into.
    parts.shutdown().await;
    written
}

async fn sum(parts: &mut Parts, staged: &mut [Staged]) -> Result<()> {
    while let Some(part) = parts.join_next().await {
        let (load, part) = part.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => unreachable!("nobody cancels a part before all are shut down"),
        });
        match part {
            Ok(part) => staged[load].total.add(part),
            Err(error) => return Err(staged[load].failed(error)),
        }
    }
    Ok(())
}

impl Load {
    /// Writes this load alone.
    ///
    /// # Errors
    ///
    /// Those of [`Session::run`].
    pub fn run(self) -> Result<()> {
        let session = self.frame.session.clone();
        session.run([self])
    }

    /// The load as what its step gives: the step, if it is open, ends when the load is written.
    pub(crate) fn leaving(self, step: Option<Arc<OpenStep>>) -> Self {
        Self { step, ..self }
    }

    /// Makes ready what is written; the plan, unless the load is ignored since there is output.
    fn stage(self) -> Result<(Staged, Option<LogicalPlan>)> {
        let mut staged = Staged {
            output: None,
            export: None,
            total: Part::default(),
            work: Work::default(),
            location: self.location,
            step: self.step,
        };
        let location = &staged.location;
        let schema = self
            .export
            .map(|path| Ok((path, self.frame.schema_json()?)));
        let schema = schema.transpose().map_err(|error| staged.failed(error))?;
        let opened = Staging::open(location, self.mode).and_then(|staging| {
            // What may fail is done before anything is published.
            let file = schema.map(|(path, json)| StagedFile::write(&path, json.as_bytes()));
            Ok((staging, file.transpose()?))
        });
        let (staging, export) = opened.map_err(|error| staged.failed(error.into()))?;
        staged.export = export;
        let Some(staging) = staging else {
            let location = location.text();
            tracing::info!("`{location}` exists already and stays as it is (mode ignore)");
            return Ok((staged, None));
        };
        let output = Output {
            encoder: self.encoder,
            names: self.frame.names.to_vec(),
            schema: self.schema,
            write_id: Uuid::new_v4(),
            directory: staging.path().to_owned(),
            most_held: self.frame.session.memory().each_writer(),
        };
        staged.output = Some((staging, Arc::new(output)));
        Ok((staged, Some(self.frame.plan)))
    }
}

/// A load whose output is in the making. Dropped without being published, it leaves everything as it was.
struct Staged {
    /// Nothing for output that stays as it is.
    output: Option<(Staging, Arc<Output>)>,
    export: Option<StagedFile>,
    total: Part,
    work: Work,
    location: Location,
    step: Option<Arc<OpenStep>>,
}

impl Staged {
    /// The error, which is the load's unless it is an earlier step's.
    fn failed(&self, error: Error) -> Error {
        if let (Some(step), false) = (&self.step, matches!(error, Error::Step { .. })) {
            step.fail(error.kind(), &error.to_string());
        }
        error
    }

    fn publish(mut self) -> Result<()> {
        self.publish_files().map_err(|error| self.failed(error))?;
        self.report();
        Ok(())
    }

    fn publish_files(&mut self) -> Result<()> {
        if let Some((staging, output)) = self.output.take() {
            if self.total.batches == 0 {
                self.total.bytes = PartFile::create(&output, 0)?.finish()?;
            }
            staging.publish()?;
        }
        if let Some(export) = self.export.take() {
            export.publish()?;
        }
        Ok(())
    }

    /// Tells the step what the load came to: the one that gave it, or the one that runs it.
    fn report(self) {
        let measured = Measured {
            input_rows: Some(self.total.rows),
            output_rows: Some(self.total.rows),
            output_batches: Some(self.total.batches),
            input_bytes: None,
            output_bytes: Some(self.total.bytes),
            spilled_bytes: self.work.spilled_bytes,
            busy: Some(self.total.busy + self.work.busy),
            findings: self.work.findings,
            destination: Some(self.location.text().to_owned()),
        };
        match self.step {
            Some(step) => step.measure(measured, true),
            None => measure_current(measured),
        }
    }
}
