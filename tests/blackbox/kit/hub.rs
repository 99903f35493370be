//! A running hub, and what can be asked of it.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};

use super::client::Client;
use super::eventually::{PATIENCE, eventually};
use super::record::{self, Record};

/// The key that every hub of a test knows from its start.
pub const KEY: &str = "sk-bootstrap-of-the-black-box-tests";

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_aigne-hub");

/// One process. Clones are the same process.
#[derive(Clone)]
pub struct Hub {
    pub address: SocketAddr,
    process: Arc<Process>,
}

struct Process {
    child: Mutex<Child>,
    log: PathBuf,
}

impl Hub {
    /// Starts `serve` and waits until it takes calls.
    pub async fn start(data_dir: &Path, environment: &[(String, String)], arguments: &[&str]) -> Self {
        let started = Self::launch(data_dir, environment, arguments).await;
        eventually("the hub is ready", async || {
            started.check_lives();
            let ready = started.client().get("/readyz").try_send().await;
            ready.ok().filter(|answer| answer.status() == 200)
        })
        .await;
        started
    }

    /// Starts `serve` and waits until it listens.
    pub async fn launch(data_dir: &Path, environment: &[(String, String)], arguments: &[&str]) -> Self {
        let listen = data_dir.join("listen");
        let _ = std::fs::remove_file(&listen);
        let log = data_dir.join("hub.log");
        let output = File::options().create(true).append(true).open(&log).unwrap();
        let child = Command::new(PROGRAM)
            .arg("serve")
            .args(arguments)
            .env_clear()
            .envs(environment.iter().cloned())
            .env("HUB__DATA_DIR", data_dir)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let process = Arc::new(Process { child: Mutex::new(child), log });
        let address = eventually("the hub listens", async || {
            process.check_lives();
            std::fs::read_to_string(&listen).ok()?.trim().parse().ok()
        })
        .await;
        Self { address, process }
    }

    /// Asks as the owner of the bootstrap key.
    pub fn client(&self) -> Client {
        Client::new(self.address, KEY)
    }

    /// The record of a call, once it has ended.
    pub async fn record(&self, call: &str) -> Record {
        eventually("the call has ended", async || {
            let found = self.find_record(call).await?;
            (found.status != "processing").then_some(found)
        })
        .await
    }

    pub async fn find_record(&self, call: &str) -> Option<Record> {
        let answer = self.client().get(&format!("/api/user/model-calls/{call}")).send().await;
        (answer.status() == 200).then(|| record::one(&answer.body))
    }

    /// Every record of the account, newest first.
    pub async fn records(&self) -> Vec<Record> {
        let mut all = Vec::new();
        loop {
            let page = all.len() / 100 + 1;
            let path = format!("/api/user/model-calls?page={page}&pageSize=100");
            let answer = self.client().get(&path).send().await.expect(200);
            let mut found = record::page(&answer.body);
            let is_last = found.list.len() < 100;
            all.append(&mut found.list);
            if is_last {
                assert_eq!(all.len(), found.count, "calls began while they were read");
                return all;
            }
        }
    }

    /// Every record, once none is open any more.
    pub async fn settled_records(&self) -> Vec<Record> {
        eventually("no call is open", async || {
            let records = self.records().await;
            records.iter().all(|record| record.status != "processing").then_some(records)
        })
        .await
    }

    /// The only record there is, once its call has ended.
    pub async fn only_record(&self) -> Record {
        eventually("there is one record, of a call that ended", async || {
            let mut records = self.records().await;
            assert!(records.len() <= 1, "one call makes one record");
            records.pop().filter(|record| record.status != "processing")
        })
        .await
    }

    /// Waits until so many calls have a record and all of them have ended.
    pub async fn only_ended(&self, count: usize) -> Vec<Record> {
        eventually("all calls have ended", async || {
            Some(self.settled_records().await).filter(|records| records.len() == count)
        })
        .await
    }

    /// One metric's value, summed over its labels.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.client().without_key().get("/metrics").send().await.expect(200).body;
        let of_this_name = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ') || rest.starts_with('{'))
        };
        let lines = text.lines().filter(of_this_name);
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.process.child.lock().unwrap())
    }

    /// SIGKILL: nothing of the process runs on.
    pub fn kill(&self) {
        let mut child = self.process.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM, and no waiting.
    pub fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
    }

    pub fn has_ended(&self) -> Option<ExitStatus> {
        self.process.child.lock().unwrap().try_wait().unwrap()
    }

    /// Waits for the process to end by itself.
    pub async fn ended(&self) -> ExitStatus {
        super::eventually::within(2 * PATIENCE, "the hub ends", async || self.has_ended()).await
    }

    /// SIGTERM, and an orderly end.
    pub async fn stop(&self) {
        self.terminate();
        let status = self.ended().await;
        assert!(status.success(), "the hub ended with {status}\n{}", self.log());
    }

    /// What it has printed so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.process.log).unwrap_or_default()
    }

    fn check_lives(&self) {
        self.process.check_lives();
    }
}

impl Process {
    fn check_lives(&self) {
        let ended = self.child.lock().unwrap().try_wait().unwrap();
        if let Some(status) = ended {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            panic!("the hub ended with {status}\n{log}");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = (child.kill(), child.wait());
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            eprintln!("--- the hub's log ends with:\n{}", lines[lines.len().saturating_sub(60)..].join("\n"));
        }
    }
}
