//! Azure Blob Storage, as its emulator has it: lists, tags and errors differ from S3's.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tenon_toolchain::Tools;

use crate::place::Place;

/// The emulator's own account, which everybody knows.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const PACKAGES: [&str; 1] = ["azurite@3.35.0"];

/// Makes the container `lake`, which needs a signed request.
const MAKE_CONTAINER: &str = r"
const [, port, account, key] = process.argv
const date = new Date().toUTCString(), version = '2021-08-06'
const signed = 'PUT' + '\n'.repeat(12) + `x-ms-date:${date}\nx-ms-version:${version}\n` +
  `/${account}/${account}/lake\nrestype:container`
const mac = require('crypto').createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest('base64')
const headers = { 'x-ms-date': date, 'x-ms-version': version, 'Content-Length': 0, Authorization: `SharedKey ${account}:${mac}` }
const path = `/${account}/lake?restype=container`
require('http').request({ port, host: '127.0.0.1', method: 'PUT', path, headers },
  (answer) => process.exit(answer.statusCode === 201 ? 0 : 1)).end()
";

/// The emulator on a port of its own. It ends, and its data go, when this is dropped.
struct Azurite {
    port: u16,
    server: Child,
    _data: tempfile::TempDir,
}

impl Azurite {
    fn start() -> Result<Self, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let mut tools = Tools::from_env(|_| {}).map_err(|error| said(&error))?;
        let modules = tools.node_packages(&PACKAGES).map_err(|error| said(&error))?;
        let main: PathBuf = modules.join("azurite/dist/src/blob/main.js");
        let data = tempfile::tempdir().map_err(|error| said(&error))?;
        let port = tenon_servers::free_port().map_err(|error| said(&error))?;
        let server = Command::new("node")
            .arg(main)
            .args([
                "--silent",
                "--skipApiVersionCheck",
                "--disableTelemetry",
                "--blobPort",
                &port.to_string(),
            ])
            .arg("--location")
            .arg(data.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| said(&error))?;
        let mut started = Self {
            port,
            server,
            _data: data,
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = started.server.try_wait().map_err(|error| said(&error))?;
            if ended.is_some() || began.elapsed() > Duration::from_secs(60) {
                return Err(format!("the emulator does not listen ({ended:?})"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let made = Command::new("node")
            .args(["-e", MAKE_CONTAINER, &port.to_string(), ACCOUNT, KEY])
            .status()
            .map_err(|error| said(&error))?;
        assert!(made.success(), "the container could not be made");
        Ok(started)
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        // By its own handle, so nothing else can be hit.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn azure_is_written_replaced_and_read() {
    let server = match Azurite::start() {
        Ok(server) => server,
        Err(error) => {
            let mut stdout = std::io::stdout().lock();
            let _ = writeln!(stdout, "\nSKIPPED azure_is_written_replaced_and_read, {error}");
            return;
        }
    };
    let place = Place::new();
    let store = |of: &str| {
        format!(
            "[{of}.store]\naccount = \"{ACCOUNT}\"\naccount_key = \"${{secret:storage_key}}\"\nallow_http = true\nendpoint = \
             \"http://127.0.0.1:{}/{ACCOUNT}\"\n",
            server.port
        )
    };
    let write = format!(
        "[sources.days]\nurl = \"days.csv\"\n[sinks.lake]\nfrom = \"days\"\nurl = \"az://lake/days/\"\nformat = \
         \"parquet\"\nmode = \"overwrite\"\n{}",
        store("sinks.lake")
    );
    let read = |pattern: &str| {
        format!(
            "[sources.days]\nurl = \"az://lake/{pattern}\"\n{}[sinks.out]\nfrom = \"days\"\nurl = \"out.csv\"\nmode = \
             \"overwrite\"\n",
            store("sources.days")
        )
    };
    fs::write(place.path("write.toml"), write).expect("written");
    fs::write(place.path("folder.toml"), read("days/")).expect("written");
    fs::write(place.path("pattern.toml"), read("*/*.parquet")).expect("written");
    let run = |job: &str, key: &str| {
        let mut command = place.command(&["run", job]);
        command.env("TENON_SECRET_STORAGE_KEY", key);
        crate::place::Ended::from(command.output().expect("started"))
    };
    // Twice, so that the second replaces what the first has written.
    for days in ["day\n1\n", "day\n2\n3\n"] {
        fs::write(place.path("days.csv"), days).expect("written");
        run("write.toml", KEY).succeeded();
        for job in ["folder.toml", "pattern.toml"] {
            run(job, KEY).succeeded();
            assert_eq!(
                fs::read_to_string(place.path("out.csv")).expect("readable"),
                days,
                "{job}"
            );
        }
    }
    let said = run("folder.toml", "d3Jvbmc=").failed(3);
    assert!(said.contains("az://lake") && !said.contains("d3Jvbmc"), "{said}");
}
