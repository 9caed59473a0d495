//! Lists, page by page.

use std::collections::VecDeque;

use futures::{Stream, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Call, Error};

/// Things that are asked for at once, where the caller does not say how many.
const PAGE: usize = 500;

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Page<T> {
    /// The things.
    pub items: Vec<T>,
    /// Where the next page begins; none if there are no more things.
    #[serde(default)]
    pub next: Option<String>,
}

impl<T> Call<Page<T>> {
    /// How many things a page has at most, 1 to 1000.
    pub fn limit(self, things: usize) -> Self {
        self.query("limit", things)
    }

    /// The same list, whose things are read as another type.
    pub fn items_as<U>(self) -> Call<Page<U>> {
        self.answered()
    }
}

impl<T: DeserializeOwned> Call<Page<T>> {
    /// All things, page after page, each page when the things before it were taken.
    pub fn items(self) -> impl Stream<Item = Result<T, Error>> {
        let pages = Pages {
            call: self.paged(),
            got: VecDeque::new(),
            is_last: false,
        };
        stream::try_unfold(pages, |mut pages| async move {
            let item = pages.next().await?;
            Ok(item.map(|item| (item, pages)))
        })
    }

    fn paged(self) -> Self {
        if self.has_query("limit") {
            self
        } else {
            self.limit(PAGE)
        }
    }
}

/// A list that is being read.
struct Pages<T> {
    call: Call<Page<T>>,
    got: VecDeque<T>,
    is_last: bool,
}

impl<T: DeserializeOwned> Pages<T> {
    async fn next(&mut self) -> Result<Option<T>, Error> {
        loop {
            if let Some(item) = self.got.pop_front() {
                return Ok(Some(item));
            }
            if self.is_last {
                return Ok(None);
            }
            let page = self.call.clone().send().await?;
            self.got = page.items.into();
            match page.next {
                Some(next) => self.call = self.call.clone().query("after", next),
                None => self.is_last = true,
            }
        }
    }
}
