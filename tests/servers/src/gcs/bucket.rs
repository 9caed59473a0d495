//! Objects in memory, and uploads in parts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};

/// All parts but the last have so many bytes, or more.
const SMALLEST_PART: usize = 5 << 20;
/// Entries in a page of a list: few, so that there are pages.
const PAGE: usize = 3;

/// An object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub bytes: Bytes,
    /// A number that no other object, or earlier state of it, has. It is its ETag, too.
    pub generation: u64,
    pub modified: DateTime<Utc>,
}

impl Object {
    pub fn etag(&self) -> String {
        format!("\"{:016x}\"", self.generation)
    }
}

/// Why something is refused: the code and the sentence that go into the answer.
pub(super) type Refusal = (u16, &'static str, &'static str);

const NO_UPLOAD: Refusal = (404, "NoSuchUpload", "The requested upload was not found.");
const NOT_AS_EXPECTED: Refusal = (
    412,
    "PreconditionFailed",
    "At least one of the pre-conditions you specified did not hold.",
);

/// The objects of a bucket, by their keys.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    objects: BTreeMap<String, Object>,
    uploads: HashMap<String, Upload>,
    last: u64,
    completed: usize,
}

#[derive(Debug)]
struct Upload {
    key: String,
    parts: BTreeMap<u32, Object>,
}

/// What is asked of a list.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub prefix: String,
    pub delimiter: Option<String>,
    /// Only what comes after this key or prefix.
    pub after: Option<String>,
    pub most: Option<usize>,
}

/// A page of a list.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub objects: Vec<(String, Object)>,
    pub prefixes: BTreeSet<String>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

impl Bucket {
    pub fn keys(&self) -> Vec<String> {
        self.objects.keys().cloned().collect()
    }

    pub fn uploads(&self) -> usize {
        self.uploads.len()
    }

    pub fn completed(&self) -> usize {
        self.completed
    }

    pub fn get(&self, key: &str) -> Option<&Object> {
        self.objects.get(key)
    }

    /// Stores an object, if there is the generation that is `expected`: 0 means none.
    pub fn put(&mut self, key: String, bytes: Bytes, expected: Option<u64>) -> Result<Object, Refusal> {
        let found = self.objects.get(&key).map_or(0, |object| object.generation);
        if expected.is_some_and(|expected| expected != found) {
            return Err(NOT_AS_EXPECTED);
        }
        let object = self.object(bytes);
        self.objects.insert(key, object.clone());
        Ok(object)
    }

    pub fn delete(&mut self, key: &str) -> bool {
        self.objects.remove(key).is_some()
    }

    pub fn list(&self, wanted: &Wanted) -> Page {
        let mut page = Page::default();
        let mut last = None;
        for (key, object) in self.objects.range(wanted.prefix.clone()..) {
            let Some(rest) = key.strip_prefix(&wanted.prefix) else {
                break;
            };
            let folder = wanted.delimiter.as_ref().and_then(|delimiter| {
                let end = rest.find(delimiter.as_str())? + delimiter.len();
                Some(format!("{}{}", wanted.prefix, &rest[..end]))
            });
            let entry = folder.as_ref().unwrap_or(key);
            if wanted.after.as_ref().is_some_and(|after| entry <= after) || page.prefixes.contains(entry) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() == wanted.most.unwrap_or(PAGE).min(PAGE) {
                page.next = last;
                break;
            }
            last = Some(entry.clone());
            match folder {
                Some(folder) => drop(page.prefixes.insert(folder)),
                None => page.objects.push((key.clone(), object.clone())),
            }
        }
        page
    }

    /// Begins an upload in parts, and gives its id.
    pub fn begin(&mut self, key: String) -> String {
        self.last += 1;
        let id = format!("upload-{}", self.last);
        let parts = BTreeMap::new();
        self.uploads.insert(id.clone(), Upload { key, parts });
        id
    }

    pub fn part(&mut self, key: &str, id: &str, number: u32, bytes: Bytes) -> Result<Object, Refusal> {
        let part = self.object(bytes);
        let upload = self.uploads.get_mut(id).filter(|upload| upload.key == key);
        upload.ok_or(NO_UPLOAD)?.parts.insert(number, part.clone());
        Ok(part)
    }

    /// Makes an object of the parts that are told by their numbers and ETags.
    pub fn complete(&mut self, key: &str, id: &str, told: &[(u32, String)]) -> Result<Object, Refusal> {
        let upload = self
            .uploads
            .get(id)
            .filter(|upload| upload.key == key)
            .ok_or(NO_UPLOAD)?;
        let mut whole = BytesMut::new();
        for (place, (number, etag)) in told.iter().enumerate() {
            let part = upload.parts.get(number).filter(|part| part.etag() == *etag);
            let part = part.ok_or((400, "InvalidPart", "A part was not found, or has another ETag."))?;
            if place + 1 < told.len() && part.bytes.len() < SMALLEST_PART {
                return Err((
                    400,
                    "EntityTooSmall",
                    "Your proposed upload is smaller than the minimum.",
                ));
            }
            whole.extend_from_slice(&part.bytes);
        }
        if !told.is_sorted_by(|one, other| one.0 < other.0) {
            return Err((400, "InvalidPartOrder", "The parts are not in ascending order."));
        }
        self.uploads.remove(id);
        self.completed += 1;
        self.put(key.to_owned(), whole.freeze(), None)
    }

    pub fn abort(&mut self, id: &str) -> Result<(), Refusal> {
        self.uploads.remove(id).map(drop).ok_or(NO_UPLOAD)
    }

    fn object(&mut self, bytes: Bytes) -> Object {
        self.last += 1;
        Object {
            bytes,
            generation: self.last,
            modified: Utc::now(),
        }
    }
}
