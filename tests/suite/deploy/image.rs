//! The container image: built by its recipe, looked through, and started as nobody.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::peers::{free_port, root};
use crate::support::process::Process;
use crate::support::{raw_request, records};

#[test]
fn the_image_holds_the_program_and_what_it_needs_and_runs_as_nobody() {
    let home = tempfile::tempdir().expect("a directory");
    let output = as_root(root().join("tests/support/build-image"))
        .arg(env!("CARGO_BIN_EXE_vestibule"))
        .arg(home.path())
        .output()
        .expect("build-image");
    let (said, log) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{log}");
    let (image, about) = said.split_once('\n').expect("its path");
    let image = PathBuf::from(image);
    let about: Value = serde_json::from_str(about).expect("JSON");
    let config = &about["OCIv1"]["config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(
        config["Entrypoint"],
        serde_json::json!(["/usr/bin/vestibule"])
    );
    assert_eq!(config["StopSignal"], "SIGTERM");

    let mut found = Vec::new();
    walk(&image, &image, &mut found);
    let programs: Vec<&str> = found
        .iter()
        .filter(|path| path.contains("/bin/") || path.contains("/sbin/"))
        .map(String::as_str)
        .collect();
    assert_eq!(programs, ["/usr/bin/vestibule"], "no shell, no tools");
    assert!(found.contains(&"/etc/ssl/certs/ca-certificates.crt".to_owned()));
    assert!(found.len() < 20, "{found:?}");

    let version = in_image(&image).arg("version").output().expect("chroot");
    let text = String::from_utf8_lossy(&version.stdout).into_owned();
    assert!(
        version.status.success() && text.starts_with("vestibule "),
        "{version:?}"
    );
    starts(&image);
    if let Ok(told) = fs::metadata("/proc/self") {
        // What root has built, root has to take away.
        if told.uid() != 0 {
            let gone = as_root("rm")
                .arg("-rf")
                .arg(home.path().join("store"))
                .status();
            assert!(gone.expect("rm").success());
        }
    }
}

/// One minor version, and one that compiles it; what its comments name is there.
#[test]
fn the_recipe_names_the_compiler_that_it_is_built_by() {
    let recipe = super::file("deploy/image/Containerfile");
    let minor = |text: &str, before: &str| {
        let rest = text.split(before).nth(1)?;
        rest.split(|end: char| !end.is_ascii_digit())
            .next()?
            .parse::<u32>()
            .ok()
    };
    let pinned = minor(&recipe, "docker.io/library/rust:1.").expect("a minor version");
    let manifest = super::file("Cargo.toml");
    let least = minor(&manifest, "rust-version = \"1.").expect("a minor version");
    assert!(pinned >= least, "{pinned} of {least}");
    for name in ["Cargo.toml", "deploy/image/root-file-system"] {
        assert!(
            recipe.contains(name) && root().join(name).is_file(),
            "{name}"
        );
    }
    assert!(!recipe.contains("rust-toolchain"));
}

/// Runs it from its files, with a configuration as a pod would mount it.
fn starts(image: &Path) {
    let home = tempfile::tempdir().expect("a directory");
    let [public, admin] =
        [free_port(), free_port()].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let config = format!(
        "[server]\nlisten = \"{public}\"\nadmin_listen = \"{admin}\"\npublic_url = \"http://localhost:{}\"\n\
         [upstream]\nurl = \"http://127.0.0.1:9\"\n\
         [provider.corp]\nkind = \"oidc\"\nissuer = \"http://localhost:9\"\nclient_id = \"a\"\n\
         [session]\nkeys = [{{ file = \"/run/secrets/vestibule/session-key\" }}]\n",
        public.port()
    );
    let key = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .arg("keygen")
        .output()
        .expect("a key");
    records::secret("session key", String::from_utf8_lossy(&key.stdout).trim());
    mounted(
        &home,
        image,
        "etc/vestibule/vestibule.toml",
        config.as_bytes(),
    );
    mounted(
        &home,
        image,
        "run/secrets/vestibule/session-key",
        &key.stdout,
    );
    let mut command = in_image(image);
    command.args(["run", "--config", "/etc/vestibule/vestibule.toml"]);
    let mut vestibule = Process::start(
        &mut command,
        &records::log_dir(),
        &records::unique("vestibule"),
    );
    vestibule.wait_until("its health", || {
        TcpStream::connect(admin).is_ok()
            && raw_request(admin, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").status == 200
    });
    // Nobody is signed in, and nobody could be: its provider is looked for by name, and is out.
    let page = raw_request(
        public,
        "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n",
    );
    assert!([302, 503].contains(&page.status), "{}", page.status);
    vestibule.signal("TERM");
    assert_eq!(vestibule.wait().code(), Some(0), "{}", vestibule.output());
}

/// Puts a file where a volume would be.
fn mounted(home: &tempfile::TempDir, image: &Path, path: &str, content: &[u8]) {
    let file = home.path().join("file");
    fs::write(&file, content).expect("a file");
    let copied = as_root("install")
        .args(["-m", "0444"])
        .arg(&file)
        .arg(image.join(path))
        .status();
    assert!(copied.expect("install").success());
}

/// The image's program, in its own files, as the user that it names.
fn in_image(image: &Path) -> Command {
    let mut command = as_root("chroot");
    command
        .arg("--userspec=65532:65532")
        .arg(image)
        .arg("/usr/bin/vestibule");
    command
}

/// A command that only root may give: buildah and chroot without a daemon.
fn as_root(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if is_root {
        Command::new(program)
    } else {
        let mut command = Command::new("sudo");
        command.arg("-n").arg(program);
        command
    }
}

/// The files below a directory; none of them may be written by others, or give anybody rights.
fn walk(image: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a directory") {
        let path = entry.expect("an entry").path();
        let about = fs::symlink_metadata(&path).expect("its mode");
        let mode = about.permissions().mode();
        assert_eq!(mode & 0o6022, 0, "{} is {mode:o}", path.display());
        assert_eq!(about.uid(), 0, "{}", path.display());
        if about.is_dir() {
            walk(image, &path, found);
        } else {
            let inside = path.strip_prefix(image).expect("inside");
            found.push(format!("/{}", inside.display()));
        }
    }
}
