//! What is deployed: the manifests render and validate, and each binary serves from the file system of its image.

use std::{
    os::unix::fs::MetadataExt,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use takt_tests::{
    Result, ensure, place,
    postgres::free_port,
    process::{Running, run},
    replay::clean,
    suite::Service,
};
use tempfile::tempdir;

use crate::SHORT;

#[test]
fn the_base_renders_and_validates() -> Result {
    let (Some(kustomize), Some(python)) = (place::need("kustomize")?, place::need("python3")?)
    else {
        return Ok(());
    };
    let mut command = Command::new(python);
    command
        .arg(place::root().join("tests/tests/e2e/deploy.py"))
        .arg(kustomize)
        .arg(place::root().join("deploy/base"));
    let checked = run(&mut command, SHORT)?.ok()?;
    ensure(checked.stdout.contains(" passed, 0 failed"), || {
        checked.stdout.clone()
    })
}

/// Whether this process may change its root.
fn is_root() -> Result<bool> {
    Ok(std::fs::metadata("/proc/self")?.uid() == 0)
}

#[test]
fn each_binary_serves_from_the_file_system_of_its_image() -> Result {
    if !is_root()? {
        eprintln!("SKIPPED: only root may change the root of a process");
        return Ok(());
    }
    let Some(grpcurl) = place::need("grpcurl")? else {
        return Ok(());
    };
    for service in Service::ALL {
        let image = tempdir()?;
        let mut made = Command::new(place::root().join("deploy/rootfs"));
        made.arg(place::binary(&format!("takt-{service}"))?)
            .arg(image.path());
        run(&mut made, SHORT)?.ok()?;
        let port = free_port()?;
        let mut command = clean(Path::new("chroot"));
        // As the pod runs it: no root, no shell, a writable /data alone.
        command
            .args(["--userspec=65532:65532"])
            .arg(image.path())
            .arg("/takt")
            .env("TAKT_LISTEN", format!("127.0.0.1:{port}"))
            .env(
                "TAKT_DATABASE_URL",
                format!("sqlite:/data/{service}.sqlite"),
            )
            .env("TAKT_LOG_FORMAT", "json");
        for other in Service::ALL.into_iter().filter(|other| *other != service) {
            command.args(["--peer", &format!("{other}=http://127.0.0.1:9")]);
        }
        let mut served = Running::start(&mut command)?;
        let health = |_: &Running| {
            let mut asked = Command::new(&grpcurl);
            asked.args(["-plaintext", "-max-time", "2"]);
            asked.arg(format!("127.0.0.1:{port}"));
            asked.arg("grpc.health.v1.Health/Check");
            run(&mut asked, SHORT).is_ok_and(|told| told.stdout.contains("\"SERVING\""))
        };
        served.wait_until(
            "the binary of the image serves",
            Duration::from_secs(30),
            health,
        )?;
        let begun = Instant::now();
        served.signal("TERM")?;
        served.wait(SHORT)?.ok()?;
        ensure(begun.elapsed() < Duration::from_secs(20), || {
            "it took the whole grace period to stop".to_owned()
        })?;
        let database = image.path().join(format!("data/{service}.sqlite"));
        ensure(database.exists(), || {
            "it did not keep its data under /data".to_owned()
        })?;
    }
    Ok(())
}
