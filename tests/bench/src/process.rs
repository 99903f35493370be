//! The programs under measurement: started on one core, and their CPU time and memory as the kernel
//! counts them.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::load::Request;
use crate::wire::Connection;

/// The core that is measured. The benchmark itself runs on another.
const CORE: &str = "0";
/// The kernel's unit of CPU time in `/proc` (`USER_HZ`, 100 on every Linux that matters).
const TICK: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program; it is killed when dropped.
pub struct Program {
    child: Child,
    pub port: u16,
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn on_core(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(CORE).arg(program).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Starts the hub with a fresh SQLite database and every setting as it is built in, except for limits
/// that would stop the load.
pub fn hub(binary: &Path, data: &Path, key: &str, upstream: u16) -> io::Result<Program> {
    let child = on_core(binary)
        .args(["serve", "--data-dir"])
        .arg(data)
        .env_clear()
        .env("HUB__SERVER__LISTEN", "127.0.0.1:0")
        .env("HUB__SERVER__WORKERS", "1")
        .env("HUB__BOOTSTRAP__ACCESS_KEY", key)
        .env("HUB__BOOTSTRAP__CREDITS", "100000000")
        .env("HUB__LIMITS__CALLS_PER_ACCOUNT", "100000")
        .env("HUB__LIMITS__CALLS_PER_KEY", "100000")
        .env("OPENAI_API_KEY", "sk-bench-0123456789")
        .env("OPENAI_BASE_URL", format!("http://127.0.0.1:{upstream}/v1"))
        .env("RUST_LOG", "warn")
        .spawn()?;
    let mut program = Program { child, port: 0 };
    let listen = data.join("listen");
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let text = std::fs::read_to_string(&listen).unwrap_or_default();
        if let Some(port) = text.trim().rsplit(':').next().and_then(|port| port.parse().ok()) {
            program.port = port;
            return Ok(program);
        }
        if let Some(status) = program.child.try_wait()? {
            return Err(io::Error::other(format!("the hub ended at once: {status}")));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "the hub does not say where it listens"))
}

const NGINX: &str = "
daemon off; master_process off; pid DIR/nginx.pid; error_log DIR/error.log;
events { worker_connections 16384; }
http {
  access_log off; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path DIR/b; proxy_temp_path DIR/p; fastcgi_temp_path DIR/f;
  uwsgi_temp_path DIR/u; scgi_temp_path DIR/s;
  upstream fake { server 127.0.0.1:UPSTREAM; keepalive 4096; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:PORT;
    location / {
      proxy_pass http://fake; proxy_http_version 1.1; proxy_set_header Connection \"\";
      proxy_buffering off; proxy_read_timeout 600s;
    }
  }
}";

/// Starts nginx as a pass-through proxy with one worker; `None` where there is no nginx.
pub fn nginx(dir: &Path, upstream: u16) -> io::Result<Option<Program>> {
    if Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
        return Ok(None);
    }
    let port = free_port()?;
    let configuration = NGINX
        .replace("DIR", &dir.display().to_string())
        .replace("UPSTREAM", &upstream.to_string())
        .replace("PORT", &port.to_string());
    let file = dir.join("nginx.conf");
    std::fs::write(&file, configuration)?;
    let child = on_core(Path::new("nginx"))
        .args(["-p", &dir.display().to_string(), "-c"])
        .arg(&file)
        .stderr(Stdio::null())
        .spawn()?;
    Ok(Some(Program { child, port }))
}

/// Free a moment ago, for programs that take no port from the system themselves.
fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The word that has this program be the bare proxy.
pub const BARE: &str = "--bare";

/// Starts this program again as the bare proxy.
pub fn bare(upstream: u16) -> io::Result<Program> {
    let port = free_port()?;
    let child =
        on_core(&std::env::current_exe()?).args([BARE, &port.to_string(), &upstream.to_string()]).spawn()?;
    Ok(Program { child, port })
}

impl Program {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// CPU time of the process and all of its threads, so far.
    pub fn cpu(&self) -> io::Result<Duration> {
        cpu_of(self.child.id())
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> io::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
        kib.ok_or_else(|| io::Error::other("the kernel tells no VmRSS"))
    }

    /// Sends a request again and again until there is a right answer.
    pub async fn first_right_answer(&self, request: &Request) -> io::Result<()> {
        let started = Instant::now();
        loop {
            let answer = match Connection::open(self.port).await {
                Ok(mut connection) => request.send(&mut connection).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok((200, true)) => return Ok(()),
                other if started.elapsed() > PATIENCE => {
                    return Err(io::Error::other(format!("no right answer: {other:?}")));
                }
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }
}

/// CPU time of a process. Its scheduler statistics are in nanoseconds, one file for each thread;
/// threads that have ended are missing there, so the coarser sum serves where it is larger.
fn cpu_of(pid: u32) -> io::Result<Duration> {
    let mut fine = Duration::ZERO;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
        fine += Duration::from_nanos(nanos);
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold blanks; user and system time are the 12th and 13th field after it.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u32>().ok()).sum::<u32>();
    Ok(fine.max(TICK * ticks))
}

/// CPU time of this process, so far.
pub fn own_cpu() -> io::Result<Duration> {
    cpu_of(std::process::id())
}
