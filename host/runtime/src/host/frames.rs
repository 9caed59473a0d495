//! `tenon:etl/pipeline`: frames, which an engine plans and runs for a script.

use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::StreamExt;
use wasmtime::component::Resource;

use super::detached::run;
use super::faults::fault;
use super::lineage::Lineage;
use super::{BatchEntry, SandboxState};
use crate::bindings::script::tenon::etl::pipeline::{self as bindings, Host, HostFrame};
use crate::bindings::tenon::etl::errors::{Error as WireFault, Kind};
use crate::bindings::wire;
use crate::error::ErrorKind;
use crate::limits::{Charge, Held, LimitReached, human_bytes};
use crate::script::{Fault, Frame, JoinKind, Pipeline};

/// Bytes of all texts of one call together.
const MAX_TEXT: usize = 1 << 20;
/// Bytes that a text is counted besides its own.
const TEXT_OVERHEAD: usize = 64;
/// Host memory that a frame takes besides what its text stands for.
const FRAME_BYTES: usize = 4 << 10;
/// Host memory that a plan takes per byte of its text, roughly.
const BYTES_PER_BYTE: usize = 64;

type Handle = Resource<FrameEntry>;
type Answer<T> = wasmtime::Result<Result<T, WireFault>>;

/// A frame that a script holds a handle on.
#[derive(Clone)]
pub struct FrameEntry {
    frame: Arc<dyn Frame>,
    lineage: Arc<Lineage>,
}

impl Host for SandboxState {}

impl HostFrame for SandboxState {
    async fn read(&mut self, source: String) -> Answer<Handle> {
        let (pipeline, lineage) = match self.rooted(bytes_of([&source]), &[]) {
            Ok(rooted) => rooted,
            Err(fault) => return Ok(Err(fault)),
        };
        // Looking at a source is waiting for it more than anything else.
        let (frame, _) = run(async move { pipeline.read(&source).await }).await;
        Ok(self.handed(frame, lineage))
    }

    async fn sql(&mut self, query: String, inputs: Vec<(String, Handle)>) -> Answer<Handle> {
        let text = bytes_of(inputs.iter().map(|(name, _)| name).chain([&query]));
        let entries = self.entries(inputs.iter().map(|(_, frame)| frame))?;
        let (pipeline, lineage) = match self.rooted(text, &entries) {
            Ok(rooted) => rooted,
            Err(fault) => return Ok(Err(fault)),
        };
        let names = inputs.into_iter().map(|(name, _)| name);
        let inputs = names.zip(entries.into_iter().map(|entry| entry.frame)).collect();
        let frame = self.plan(async move { pipeline.sql(&query, inputs).await }).await;
        Ok(self.handed(frame, lineage))
    }

    async fn schema(&mut self, frame: Handle) -> Answer<wire::Schema> {
        let frame = self.frame(&frame)?;
        let schema = self.plan(async move { frame.schema().await }).await;
        Ok(match schema {
            Ok(schema) => self.schemas.outgoing(&schema).map_err(WireFault::from),
            Err(fault) => Err(self.told(&fault)),
        })
    }

    async fn filter(&mut self, frame: Handle, predicate: String) -> Answer<Handle> {
        let text = bytes_of([&predicate]);
        let filter = |frame: Arc<dyn Frame>| async move { frame.filter(&predicate).await };
        self.derive(text, &[&frame], filter).await
    }

    async fn project(&mut self, frame: Handle, expressions: Vec<String>) -> Answer<Handle> {
        let text = bytes_of(&expressions);
        let project = |frame: Arc<dyn Frame>| async move { frame.project(&expressions).await };
        self.derive(text, &[&frame], project).await
    }

    async fn join(
        &mut self,
        frame: Handle,
        other: Handle,
        on: Vec<String>,
        kind: bindings::JoinKind,
    ) -> Answer<Handle> {
        let (text, right) = (bytes_of(&on), self.frame(&other)?);
        let join = |left: Arc<dyn Frame>| async move { left.join(&*right, &on, kind.into()).await };
        self.derive(text, &[&frame, &other], join).await
    }

    async fn union(&mut self, frame: Handle, other: Handle) -> Answer<Handle> {
        let second = self.frame(&other)?;
        let union = |first: Arc<dyn Frame>| async move { first.union(&*second).await };
        self.derive(0, &[&frame, &other], union).await
    }

    async fn aggregate(&mut self, frame: Handle, group_by: Vec<String>, expressions: Vec<String>) -> Answer<Handle> {
        let text = bytes_of(group_by.iter().chain(&expressions));
        let aggregate = |frame: Arc<dyn Frame>| async move { frame.aggregate(&group_by, &expressions).await };
        self.derive(text, &[&frame], aggregate).await
    }

    async fn sort(&mut self, frame: Handle, by: Vec<String>) -> Answer<Handle> {
        let text = bytes_of(&by);
        let sort = |frame: Arc<dyn Frame>| async move { frame.sort(&by).await };
        self.derive(text, &[&frame], sort).await
    }

    async fn limit(&mut self, frame: Handle, rows: u32) -> Answer<Handle> {
        let limit = |frame: Arc<dyn Frame>| async move { frame.limit(rows).await };
        self.derive(0, &[&frame], limit).await
    }

    async fn apply(&mut self, frame: Handle, function: String, config: String) -> Answer<Handle> {
        let text = bytes_of([&function, &config]);
        let apply = |frame: Arc<dyn Frame>| async move { frame.apply(&function, &config).await };
        self.derive(text, &[&frame], apply).await
    }

    async fn rejected(&mut self, frame: Handle) -> Answer<Handle> {
        let rejected = |frame: Arc<dyn Frame>| async move { frame.rejected().await };
        self.derive(0, &[&frame], rejected).await
    }

    async fn write(&mut self, frame: Handle, sink: String) -> Answer<bindings::Written> {
        let frame = self.frame(&frame)?;
        if let Err(fault) = check_text(bytes_of([&sink])) {
            return Ok(Err(fault));
        }
        let (written, _) = run(async move { frame.write(&sink).await }).await;
        Ok(match written {
            Ok(written) => Ok(bindings::Written {
                rows: written.rows as f64,
                bytes: written.bytes as f64,
                objects: written.objects,
            }),
            Err(fault) => Err(self.told(&fault)),
        })
    }

    async fn collect(&mut self, frame: Handle) -> Answer<Vec<Resource<BatchEntry>>> {
        let frame = self.frame(&frame)?;
        let room = Room {
            held: Arc::clone(&self.held),
            bytes: self.limits.held_bytes,
            batches: self.limits.handles,
        };
        let (collected, _) = run(async move { collect(&*frame, &room).await }).await;
        Ok(match collected {
            Ok(batches) => self.given(batches),
            Err(fault) => Err(self.told(&fault)),
        })
    }

    async fn count(&mut self, frame: Handle) -> Answer<f64> {
        let frame = self.frame(&frame)?;
        let (rows, _) = run(async move { frame.count().await }).await;
        Ok(rows.map(|rows| rows as f64).map_err(|fault| self.told(&fault)))
    }

    async fn drop(&mut self, frame: Handle) -> wasmtime::Result<()> {
        self.table.delete(frame)?;
        Ok(())
    }
}

impl SandboxState {
    fn frame(&self, handle: &Handle) -> wasmtime::Result<Arc<dyn Frame>> {
        Ok(Arc::clone(&self.table.get(handle)?.frame))
    }

    fn entries<'a>(&self, handles: impl IntoIterator<Item = &'a Handle>) -> wasmtime::Result<Vec<FrameEntry>> {
        let entry = |handle: &Handle| Ok(self.table.get(handle)?.clone());
        handles.into_iter().map(entry).collect()
    }

    /// A frame that `make` makes of the first of `handles`, with the others in its hands already.
    async fn derive<F>(
        &mut self,
        text: usize,
        handles: &[&Handle],
        make: impl FnOnce(Arc<dyn Frame>) -> F + Send,
    ) -> Answer<Handle>
    where
        F: Future<Output = Result<Arc<dyn Frame>, Fault>> + Send + 'static,
    {
        let inputs = self.entries(handles.iter().copied())?;
        let first = Arc::clone(&inputs[0].frame);
        match self.planned(text, &inputs) {
            Ok(lineage) => {
                let frame = self.plan(make(first)).await;
                Ok(self.handed(frame, lineage))
            }
            Err(fault) => Ok(Err(fault)),
        }
    }

    /// The host's side of the script that this sandbox runs, and the lineage of a frame that it is to make.
    fn rooted(&mut self, text: usize, inputs: &[FrameEntry]) -> Result<(Arc<dyn Pipeline>, Arc<Lineage>), WireFault> {
        let Some(pipeline) = self.pipeline.clone() else {
            let message = "frames are there for a job's `run` only: a function gets batches";
            return Err(fault(Kind::Denied, message));
        };
        Ok((pipeline, self.planned(text, inputs)?))
    }

    /// The lineage of a frame to be, if there may be such a frame.
    fn planned(&mut self, text: usize, inputs: &[FrameEntry]) -> Result<Arc<Lineage>, WireFault> {
        check_text(text)?;
        let inputs: Vec<Arc<Lineage>> = inputs.iter().map(|input| Arc::clone(&input.lineage)).collect();
        let size = Lineage::measured(&inputs)?;
        let charge = self.charge_held(FRAME_BYTES + text * BYTES_PER_BYTE)?;
        Ok(Lineage::new(size, inputs, charge))
    }

    /// Runs what only plans; the time that it computes is the script's own.
    async fn plan<T: Send + 'static>(
        &mut self,
        planning: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        let (planned, spent) = run(planning).await;
        self.cpu.add(spent);
        planned
    }

    /// Hands a new frame, or the reason why there is none, to the script.
    fn handed(&mut self, frame: Result<Arc<dyn Frame>, Fault>, lineage: Arc<Lineage>) -> Result<Handle, WireFault> {
        let frame = frame.map_err(|fault| self.told(&fault))?;
        let pushed = self.table.push(FrameEntry { frame, lineage });
        pushed.map_err(|_| self.handles_reached().into())
    }

    /// Hands batches to the script, all or none.
    fn given(&mut self, batches: Vec<Collected>) -> Result<Vec<Resource<BatchEntry>>, WireFault> {
        if let Some((batch, _)) = batches.first() {
            self.schemas.outgoing(&batch.schema())?;
        }
        let mut handles = Vec::with_capacity(batches.len());
        for (batch, charge) in batches {
            match self.answer(Ok(BatchEntry::derived(batch, &[], Some(&charge)))) {
                Ok(handle) => handles.push(handle),
                Err(fault) => {
                    for handle in handles {
                        // It was pushed a moment ago.
                        self.table.delete(handle).ok();
                    }
                    return Err(fault);
                }
            }
        }
        Ok(handles)
    }
}

/// A batch for the script, and the charge for it.
type Collected = (RecordBatch, Arc<Charge>);

/// What a script may still hold.
struct Room {
    held: Arc<Held>,
    bytes: usize,
    batches: usize,
}

/// Runs a frame until it ends or the script has no room for more.
async fn collect(frame: &dyn Frame, room: &Room) -> Result<Vec<Collected>, Fault> {
    let full = |reached: LimitReached| Fault::new(ErrorKind::Limit, format!("collect: {reached}"));
    let mut running = frame.execute().await?;
    let mut collected = Vec::new();
    while let Some(batch) = running.next().await {
        let batch = batch?;
        if batch.num_rows() == 0 {
            continue;
        }
        if collected.len() == room.batches {
            return Err(full(LimitReached::count("handles", room.batches, "handles")));
        }
        let bytes = batch.get_array_memory_size();
        let charge = room.held.charge(bytes, room.bytes).map_err(full)?;
        collected.push((batch, charge));
    }
    Ok(collected)
}

/// Bytes of texts from the script; each counts, so that empty ones are not free.
fn bytes_of<'a>(texts: impl IntoIterator<Item = &'a String>) -> usize {
    texts.into_iter().map(|text| text.len() + TEXT_OVERHEAD).sum()
}

fn check_text(bytes: usize) -> Result<(), WireFault> {
    if bytes <= MAX_TEXT {
        return Ok(());
    }
    let reached = LimitReached::fixed("frame_text", &human_bytes(MAX_TEXT as u64));
    let message = format!("names, expressions and JSON of one call take {bytes} bytes: {reached}");
    Err(fault(Kind::Limit, message))
}

impl From<bindings::JoinKind> for JoinKind {
    fn from(kind: bindings::JoinKind) -> Self {
        match kind {
            bindings::JoinKind::Inner => JoinKind::Inner,
            bindings::JoinKind::Left => JoinKind::Left,
            bindings::JoinKind::Right => JoinKind::Right,
            bindings::JoinKind::Full => JoinKind::Full,
            bindings::JoinKind::Semi => JoinKind::Semi,
            bindings::JoinKind::Anti => JoinKind::Anti,
        }
    }
}
