//! A socket that the driver lends out while rows are copied, since its own way with them costs more than the rows do.

use std::future::{Ready, poll_fn, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use super::socket::Socket;

/// The driver's end. While the socket is lent, it has nothing to read and no room to write.
pub(super) struct Line(Arc<Mutex<State>>);

struct State {
    socket: Socket,
    is_lent: bool,
    /// The driver, which waits for the socket.
    driver: Option<Waker>,
}

impl Line {
    pub fn new(socket: Socket) -> Self {
        Self(Arc::new(Mutex::new(State {
            socket,
            is_lent: false,
            driver: None,
        })))
    }

    /// To borrow it by, later.
    pub fn lender(&self) -> Lender {
        Lender(Arc::clone(&self.0))
    }

    /// Lets the driver do something with the socket, unless it is lent.
    fn poll<T>(
        &self,
        context: &mut Context<'_>,
        work: impl FnOnce(Pin<&mut Socket>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let mut state = self.0.lock();
        if !state
            .driver
            .as_ref()
            .is_some_and(|driver| driver.will_wake(context.waker()))
        {
            state.driver = Some(context.waker().clone());
        }
        if state.is_lent {
            return Poll::Pending;
        }
        work(Pin::new(&mut state.socket), context)
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll(context, |socket, context| socket.poll_read(context, buffer))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(context, |socket, context| socket.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(context, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(context, AsyncWrite::poll_shutdown)
    }
}

impl TlsStream for Line {
    fn channel_binding(&self) -> ChannelBinding {
        self.0.lock().socket.channel_binding()
    }
}

/// Takes a socket for what it is: it was encrypted before the driver got it.
pub(super) struct Encrypted;

impl TlsConnect<Line> for Encrypted {
    type Stream = Line;
    type Error = io::Error;
    type Future = Ready<io::Result<Line>>;

    fn connect(self, line: Line) -> Self::Future {
        ready(Ok(line))
    }
}

/// Lends the socket out.
#[derive(Clone)]
pub(super) struct Lender(Arc<Mutex<State>>);

impl Lender {
    /// The socket, for as long as nothing is asked of the driver. All that was has to be answered.
    pub fn borrow(&self) -> Borrowed {
        self.0.lock().is_lent = true;
        Borrowed(Arc::clone(&self.0))
    }
}

/// The socket, without the driver.
pub(super) struct Borrowed(Arc<Mutex<State>>);

impl Borrowed {
    /// Bytes into the buffer; how many, or 0 at the end of the connection.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|context| {
            let mut buffer = ReadBuf::new(buffer);
            let mut state = self.0.lock();
            Pin::new(&mut state.socket)
                .poll_read(context, &mut buffer)
                .map_ok(|()| buffer.filled().len())
        })
        .await
    }

    /// Writes all of the bytes.
    pub async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = poll_fn(|context| Pin::new(&mut self.0.lock().socket).poll_write(context, bytes)).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[written..];
        }
        poll_fn(|context| Pin::new(&mut self.0.lock().socket).poll_flush(context)).await
    }
}

impl Drop for Borrowed {
    /// The driver goes on. If there is an answer that it does not expect, the connection ends.
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_lent = false;
        if let Some(driver) = state.driver.take() {
            driver.wake();
        }
    }
}
