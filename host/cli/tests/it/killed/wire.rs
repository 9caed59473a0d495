//! A network between a process and a server.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server is silent that has answered everything.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often somebody looks whether it still goes on.
const GLANCE: Duration = Duration::from_millis(50);

/// Passes on what is sent. What has arrived is carried out, as in a cloud, though the process that sent it is killed: to
/// the server it only stops talking.
pub struct Wire {
    pub endpoint: String,
    open: Arc<AtomicUsize>,
}

impl Wire {
    /// Before a server at `http://HOST:PORT`.
    pub fn before(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = endpoint.trim_start_matches("http://").to_owned();
        let open = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&open);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (server, open) = (server.clone(), Arc::clone(&counted));
                open.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    // A broken connection is broken for the one who sees it.
                    pass_on(client, &server).ok();
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            endpoint: format!("http://{address}"),
            open,
        }
    }

    /// Waits until all that was sent has been answered.
    pub fn settle(&self) {
        let began = Instant::now();
        while self.open.load(Ordering::SeqCst) > 0 {
            assert!(began.elapsed() < 30 * PATIENCE, "the server goes on answering");
            thread::sleep(GLANCE);
        }
    }
}

fn pass_on(mut client: TcpStream, server: &str) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (answers, asker) = (server.try_clone()?, client.try_clone()?);
    answers.set_read_timeout(Some(GLANCE))?;
    let is_gone = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&is_gone);
    let answering = thread::spawn(move || answer(answers, asker, &gone));
    let sent = std::io::copy(&mut client, &mut server);
    // The connection stays open: a server takes its end for an order to stop.
    is_gone.store(true, Ordering::SeqCst);
    answering.join().ok();
    sent.map(drop)
}

/// Passes on what the server answers, until it says nothing more and nobody asks.
fn answer(mut server: TcpStream, mut asker: TcpStream, is_gone: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    let mut last = Instant::now();
    loop {
        match server.read(&mut buffer) {
            Ok(bytes @ 1..) => {
                asker.write_all(&buffer[..bytes]).ok();
                last = Instant::now();
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if is_gone.load(Ordering::SeqCst) && last.elapsed() > PATIENCE {
                    break;
                }
            }
            Ok(0) | Err(_) => break,
        }
    }
    asker.shutdown(Shutdown::Both).ok();
    server.shutdown(Shutdown::Both).ok();
}
